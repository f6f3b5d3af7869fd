"""Outlines learned from outlines, the assistant that the documentation writes out, and suggestions of every kind."""

from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from tests.written_out import written_out

from lode_annotation.assist import clicking, pictures
from lode_annotation.assist.assistants.assistant import measured
from lode_annotation.assist.pictures import Picture, Seen, Suggestion, Taught
from motherlode.media import Image
from motherlode.shapes import SHAPES, Shape

pytestmark = pytest.mark.once
SIZE = Image(320, 240)


def turned(rng: np.random.Generator, x: float, y: float) -> list[tuple[float, float]]:
    """A slanted lozenge, which fills half of its bounds."""
    turn, long, short = rng.uniform(0.3, 0.9), rng.uniform(26, 34), rng.uniform(9, 13)
    ends = [(long, 0), (0, short), (-long, 0), (0, -short)]
    cos, sin = np.cos(turn), np.sin(turn)
    return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in ends]


def made(shape: Shape, seed: int, *, held_out: bool) -> Picture:
    rng = np.random.default_rng(seed)
    canvas = Pillow.fromarray(rng.integers(180, 220, (SIZE.height, SIZE.width, 3), dtype=np.uint8))
    taught = []
    for x in (60, 160, 260):
        for y in (60, 180):
            ring = turned(rng, x + rng.uniform(-8, 8), y + rng.uniform(-8, 8))
            ImageDraw.Draw(canvas).polygon(ring, fill=(120, 40, int(rng.integers(60, 110))))
            geometry = shape.from_mask(pictures.drawn(ring, SIZE)) if shape.masked else shape.from_parts([[ring]])
            bounds = shape.bounds(geometry)
            taught.append(Taught(1, np.array(bounds), shape, geometry))
    return Picture(Seen(np.asarray(canvas), 1.0, SIZE), taught, held_out)


@pytest.mark.parametrize("kind", [kind for kind, shape in SHAPES.items() if shape.segmented and not shape.variant_of])
def test_an_outline_is_learned_from_outlines_and_masks(kind: str) -> None:
    shape = SHAPES[kind]
    taught = [made(shape, seed, held_out=False) for seed in range(12)]
    held = [made(shape, seed, held_out=True) for seed in range(100, 104)]
    model = clicking.learned(taught)
    own, guess = measured(held, model.click), measured(held, model.guess)
    assert np.median(own) > 0.6 > 0.45 > np.median(guess)


def test_the_distances_of_a_square_are_those_of_its_sides() -> None:
    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    found = clicking.distances([square])
    assert found[[0, 6, 12, 18]] == pytest.approx(1.0)
    assert found[3] == pytest.approx(2**0.5)
    assert clicking.distances([square + 5])[12] == pytest.approx(0.05)


def test_a_mask_of_pixels_is_that_mask() -> None:
    pixels = np.zeros((4, 6), dtype=bool)
    pixels[0, 0] = pixels[1:3, 2:5] = True
    shape = next(one for one in SHAPES.values() if one.masked)
    geometry = shape.from_mask(pictures.mask_of(pixels))
    assert shape.area(geometry) == pixels.sum()
    assert shape.bounds(geometry) == (0, 0, 5, 3)


@pytest.mark.parametrize(
    "kind", [kind for kind, shape in SHAPES.items() if pictures.suits(shape) and not shape.variant_of]
)
def test_what_sticks_out_of_the_picture_is_cut_and_what_is_outside_is_nothing(kind: str) -> None:
    shape = SHAPES[kind]
    geometry = Suggestion(1, (-20.0, 10.0, 30.0, 40.0)).geometry(shape, SIZE)
    assert shape.bounds(geometry) == pytest.approx((0, 10, 30, 40), abs=1)
    assert Suggestion(1, (-50.0, -50.0, -20.0, -20.0)).geometry(shape, SIZE) is None


def test_the_assistant_that_is_written_out_learns_the_usual_size() -> None:
    assistant: Any = written_out("The usual size").ASSISTANT
    box = next(shape for shape in SHAPES.values() if shape.fills_bounds)
    page = Seen(np.zeros((240, 320, 3), dtype=np.uint8), 1.0, SIZE)

    def taught(size: float, class_id: int) -> list[Taught]:
        return [
            Taught(class_id, np.array([x, 50, x + size, 50 + size]), box, (x, 50, x + size, 50 + size))
            for x in range(10, 90, 10)
        ]

    rows = [Picture(page, [*taught(20.0, 1), *taught(60.0, 2)], held_out) for held_out in (False, True)]
    learned = assistant.learn(rows)
    assert learned.held_out == 16 and learned.accuracy > learned.trivial
    assert assistant.click(learned.arrays, page, 100, 100, 2, box).box == (70, 70, 130, 130)
