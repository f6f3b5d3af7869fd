"""Numbers and points in the attributes of CVAT's elements: `x,y;x,y`, in pixels, with all digits of a float."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from motherlode.shapes.shape import BadRegion, Point

__all__ = ["number_in", "numbers_in", "points_in", "said", "said_points"]

MAX_POINTS = 100_000


def number_in(attributes: Mapping[str, str], name: str, default: str | None = None) -> float:
    """The number of an attribute. Raises `BadRegion`."""
    text = attributes.get(name, default)
    if text is None:
        raise BadRegion(f"it has no {name}")
    try:
        return float(text)
    except ValueError:
        raise BadRegion(f"its {name} is {text!r:.40}, not a number") from None


def numbers_in(attributes: Mapping[str, str], *names: str) -> list[float]:
    """The numbers of attributes. Raises `BadRegion`."""
    return [number_in(attributes, name) for name in names]


def points_in(attributes: Mapping[str, str]) -> list[Point]:
    """The points of an element. Raises `BadRegion`."""
    text = attributes.get("points", "")
    found = []
    for pair in text.split(";") if text.strip() else ():
        x, comma, y = pair.partition(",")
        try:
            found.append((float(x), float(y)))
        except ValueError:
            raise BadRegion(f"the point {pair!r:.40} is not two numbers with a comma between") from None
    if not found or len(found) > MAX_POINTS:
        raise BadRegion(f"it has {len(found):,} points" if found else "it has no points")
    return found


def said(**numbers: float) -> dict[str, str]:
    """Numbers as attributes; what is whole is written without a point."""
    return {name: text(number) for name, number in numbers.items()}


def said_points(points: Iterable[Point]) -> dict[str, str]:
    """Points as the attribute that `points_in` reads."""
    return {"points": ";".join(f"{text(x)},{text(y)}" for x, y in points)}


def text(number: float) -> str:
    """A number with all its digits."""
    return repr(float(number)).removesuffix(".0")
