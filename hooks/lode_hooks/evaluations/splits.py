"""The names of the splits, and of the pool."""

from lode_datasets.splits import ORDER
from motherlode.manifest import POOL

__all__ = ["POOL", "TEST", "TRAIN", "VALIDATION"]

TRAIN, VALIDATION, TEST = ORDER
