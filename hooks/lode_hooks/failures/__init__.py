"""What runs got wrong, lasting across runs and versions: browsing, occurrences, verdicts, fixes."""
