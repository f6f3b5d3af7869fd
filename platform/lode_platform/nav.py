"""What every page's shell shows; higher rooms add their entries from their AppConfig."""

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html."""
    return {}
