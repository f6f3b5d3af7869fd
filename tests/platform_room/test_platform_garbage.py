"""A process that is ready looks for cycles among new objects alone, and seldom."""

import gc
from collections.abc import Iterator

import pytest

from lode_platform import garbage


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_there_is_not_walked_through_again() -> None:
    there: list[list[int]] = [[]]
    garbage.settle()
    assert not any(one is there for one in gc.get_objects()) and gc.get_freeze_count()
    assert gc.get_threshold()[0] == garbage.OBJECTS
