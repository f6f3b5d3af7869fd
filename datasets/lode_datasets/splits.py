"""The sticky split policy: which split a new item gets, as a pure function of its key and the dataset's policy.

A key is an item's group, so that a patient, a scene or a video never stands on two sides; without a group it is the
sha-256 of its bytes, so that twins stay together and the same import splits alike on every server. The key and the
dataset's salt are hashed to a number in [0, 1), and the ratios cut that line. A decision is stored as a row when the
item comes in; later ratios speak of items added later.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lode_platform.errors import BadInput
from motherlode.manifest import POOL

__all__ = ["DEFAULT", "Policy", "check_split"]

DEFAULT: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z")
ORDER = ("train", "val", "test")


def check_split(name: str) -> str:
    """``name`` if it can name a split, else ``BadInput``; ``pool`` cannot: it is what the unlabelled have."""
    if not _NAME.match(name):
        raise BadInput(
            f"{name!r} cannot name a split: up to 32 of a-z, 0-9, - and _, beginning with a letter or digit.",
            code="bad_split",
        )
    if name == POOL:
        raise BadInput("'pool' cannot be chosen as a split: it holds the items without labels.", code="bad_split")
    return name


@dataclass(frozen=True)
class Policy:
    """Ratios by split, summing to 1, and the salt that makes two datasets split differently."""

    ratios: Mapping[str, float]
    salt: str

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | None, salt: str) -> "Policy":
        """From what a caller sent or a dataset stores: ``{"train": 0.8, "val": 0.1, "test": 0.1, "salt": ...}``.

        Ratios may be any numbers of at least 0 with a positive sum (8, 1, 1 is the same). Raises ``BadInput``.
        """
        given = dict(raw or {})
        salt = str(given.pop("salt", "") or salt)
        if not given:
            given = dict(DEFAULT)
        ratios: dict[str, float] = {}
        for name, value in given.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise BadInput(f"The share of split {name!r} must be a number of at least 0.", code="bad_split_policy")
            ratios[check_split(str(name))] = float(value)
        total = sum(ratios.values())
        if total <= 0:
            raise BadInput("At least one split needs a share above 0.", code="bad_split_policy")
        return cls({name: ratios[name] / total for name in sorted(ratios, key=_place)}, salt)

    def as_json(self) -> dict[str, Any]:
        return {**self.ratios, "salt": self.salt}

    def split_of(self, key: str) -> str:
        """The split of a new item whose group, else sha-256, is ``key``."""
        at = int.from_bytes(sha256(f"{self.salt}\0{key}".encode()).digest()[:8], "big") / 2**64
        edge, last = 0.0, ""
        for name, share in self.ratios.items():
            if share:
                edge, last = edge + share, name
                if at < edge:
                    return name
        return last  # the shares' sum may fall a rounding short of 1


def _place(name: str) -> tuple[int, str]:
    # train, val and test first, so that the same ratios cut the line alike however they were sent
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)
