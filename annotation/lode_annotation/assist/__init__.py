"""Assistants: small models that learn from the project's own accepted labels, and predictors of others over HTTP."""
