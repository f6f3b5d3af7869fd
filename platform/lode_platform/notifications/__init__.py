"""Notifications: what a person should know of, in the app and by mail."""
