"""The views below ``/ls/``, by what they are about."""
