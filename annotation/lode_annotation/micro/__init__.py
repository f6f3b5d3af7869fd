"""Micro-tasks: asked, voted on, decided, and what was decided."""
