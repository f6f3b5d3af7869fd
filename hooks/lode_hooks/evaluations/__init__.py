"""Runs, their predictions, and what these are worth on a version's truth: matches, metrics, comparisons."""
