"""Runs, predictions, evaluations, failures, verdicts, mining rounds and the loop report."""
