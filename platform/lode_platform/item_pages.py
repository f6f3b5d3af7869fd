"""The pages of an item's picture on its own page and on those of its tasks: which is shown, and links to the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lode_platform.drawing import Drawn, page_of
from lode_platform.models import Item
from motherlode.frames import pages_of


@dataclass(frozen=True)
class Pages:
    """Where one is, counted from 1: the pages beside it, None at either end, and those with regions, each with how
    many."""

    number: int
    count: int
    before: int | None
    after: int | None
    labelled: Sequence[tuple[int, int]]

    @property
    def index(self) -> int:
        """The page as regions and addresses of pictures name it, from 0 on."""
        return self.number - 1


def pages(item: Item, regions: Sequence[Drawn], asked: str = "") -> Pages:
    """The page that the address asks for, counted from 1; without one, or for one that is not there, that of the
    regions."""
    count = pages_of(item.media)
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 0
    if not 1 <= number <= count:
        number = min(page_of(regions) + 1, count)
    labelled = Counter(min(region.get("frame", 0) + 1, count) for region in regions)
    before, after = (number - 1 if number > 1 else None), (number + 1 if number < count else None)
    return Pages(number, count, before, after, sorted(labelled.items()))
