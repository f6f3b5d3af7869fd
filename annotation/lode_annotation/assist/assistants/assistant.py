"""What every assistant can do: the protocol that the modules beside this one fill."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from lode_annotation.assist import clicking
from lode_annotation.assist.pictures import Picture, Seen, Suggestion
from motherlode.shapes import Shape

Arrays = Mapping[str, npt.NDArray[Any]]
Clicked = Callable[[Seen, float, float, int], Suggestion | None]
"""What a click at x, y, in pixels of the item, means, of which class."""

MEASURED = 400
"""Regions on which an assistant is measured whose overlap takes long."""


@dataclass(frozen=True)
class Learned:
    """What an assistant learned, and how good it is on what it did not learn from.

    ``accuracy`` and ``trivial`` are its measure, and that of the trivial guess, on ``held_out`` regions; None where
    nothing was held out. ``answer_ms`` is how long one answer took, the median.
    """

    arrays: Arrays
    held_out: int
    accuracy: float | None
    trivial: float | None
    answer_ms: float
    facts: Mapping[str, float] = field(default_factory=dict)


class Assistant(ABC):
    """One way to help. ``purpose`` is "click", a region suggested for a click of a person at work, or "prelabel", all
    regions of a picture suggested before somebody opens its task. ``measure`` is what ``Learned.accuracy`` is,
    ``guess`` the trivial guess that it has to beat. ``ready`` is one that helps before it has learned anything, and is
    measured alone; ``boxes`` one that takes a drawn box as well as a click. ``needs`` is what training it imports."""

    name: ClassVar[str]
    title: ClassVar[Any]
    description: ClassVar[Any]
    purpose: ClassVar[Literal["click", "prelabel"]]
    measure: ClassVar[Any]
    guess: ClassVar[Any]
    ready: ClassVar[bool] = False
    boxes: ClassVar[bool] = False
    needs: ClassVar[str] = "sklearn"

    def offered(self) -> bool:
        """Whether this server has it at all."""
        return True

    def version(self) -> str:
        """What it is called where it is the same for all schemas; a model of another version tells nothing of it."""
        return ""

    def why_not(self) -> str:
        """Why it cannot work on this server, as a sentence; "" where it can."""
        return ""

    @abstractmethod
    def learn(self, pictures: Sequence[Picture]) -> Learned:
        """Learns from pictures that are not held out, and measures itself on those that are."""

    def click(self, arrays: Arrays, seen: Seen, x: float, y: float, class_id: int, shape: Shape) -> Suggestion | None:
        """What a click at ``x``, ``y``, in pixels of the item, means."""
        return None

    def boxed(
        self, arrays: Arrays, seen: Seen, box: tuple[float, float, float, float], class_id: int, shape: Shape
    ) -> Suggestion | None:
        """What a drawn box means, xyxy in pixels of the item: the same as a click in its middle, unless it says
        ``boxes``."""
        return self.click(arrays, seen, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, class_id, shape)

    def find(self, arrays: Arrays, seen: Seen) -> list[Suggestion]:
        """All regions of a picture."""
        return []


def halves(pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
    """The pictures to learn from, and those held out."""
    return [one for one in pictures if not one.held_out], [one for one in pictures if one.held_out]


def measured(pictures: Sequence[Picture], clicked: Clicked) -> list[float]:
    """How much of each region of ``pictures`` is found by one click in it: the IoU. The same clicks each time."""
    rng = np.random.default_rng(1)
    found: list[float] = []
    for picture in pictures:
        points = clicking.clicks_in(picture.boxes, rng) / picture.seen.scale
        for one, (x, y) in zip(picture.taught, points.tolist(), strict=True):
            if one.shape.segmented and len(found) >= MEASURED:
                return found
            suggestion = clicked(picture.seen, x, y, one.class_id)
            made = suggestion and suggestion.geometry(one.shape, picture.seen.media)
            found.append(one.shape.similarity(made, one.geometry) if made is not None else 0.0)
    return found
