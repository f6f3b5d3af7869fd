"""API tokens: made, shown once, kept as digests, checked at the door."""

from rest_framework.authentication import BaseAuthentication


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer TOKEN``."""
