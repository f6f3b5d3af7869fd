"""Webhooks: what happens in a project is sent, signed, to addresses that its owner gave."""
