"""Motherlode's SDK: pinned, verified data for training, and failures sent back as work for annotators."""
