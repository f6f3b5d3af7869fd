"""Masks: Label Studio's code byte for byte as its SDK has it, COCO's as pycocotools has it, and what is refused."""

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.converter import brush
from numpy.typing import NDArray
from pycocotools import mask as coco
from tests.label_studio import accepts

from lode_annotation.labeling_config import parse_config
from motherlode.brush import MAX_BYTES, MAX_RUNS, read_brush, write_brush
from motherlode.labeling_config import build
from motherlode.masks import Mask, mapped_mask, transposed
from motherlode.media import Image, Text
from motherlode.regions import Control, Region, as_result, dump, from_result, load
from motherlode.shapes import SHAPES, BadRegion, Broken

pytestmark = pytest.mark.once

SHAPE = SHAPES["mask"]
STUDIO: Any = brush  # untyped
Pixels = NDArray[np.uint8]


def pixels(width: int, height: int, numbers: list[int]) -> Pixels:
    found = np.resize(np.array(numbers, dtype=np.uint8), (height, width))
    found[0, 0] |= 1
    return found


masks = st.builds(
    pixels, st.integers(1, 40), st.integers(1, 40), st.lists(st.integers(0, 1), min_size=1, max_size=1600)
)


def code_of(mask: Pixels) -> dict[str, Any]:
    code = coco.encode(np.asfortranarray(mask))
    return {"size": [int(side) for side in code["size"]], "counts": code["counts"].decode()}


def value_of(mask: Pixels) -> dict[str, Any]:
    return {"format": "rle", "rle": STUDIO.mask2rle(mask * 255)}


def read(mask: Pixels) -> Mask:
    height, width = mask.shape
    return read_brush(STUDIO.mask2rle(mask * 255), width, height)


@given(masks)
def test_a_code_is_read_and_written_as_label_studios_sdk_does(mask: Pixels) -> None:
    height, width = mask.shape
    rle = STUDIO.mask2rle(mask * 255)
    geometry = read_brush(rle, width, height)
    assert SHAPE.canonical(geometry) == code_of(mask)
    assert write_brush(geometry) == rle
    back = np.reshape(STUDIO.decode_rle(write_brush(geometry)), (height, width, 4))
    assert (back == 255 * mask[:, :, None]).all()


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_a_pixel_is_painted_where_its_alpha_is_not_zero(width: int, height: int, data: Any) -> None:
    values = st.sampled_from([0, 0, 1, 90, 255])
    channels = data.draw(st.lists(values, min_size=width * height * 4, max_size=width * height * 4))
    channels[3] = 255
    rle = STUDIO.encode_rle(np.array(channels, dtype=np.uint8))
    alpha = np.reshape(STUDIO.decode_rle(rle), (height, width, 4))[:, :, 3]
    assert SHAPE.canonical(read_brush(rle, width, height)) == code_of((alpha > 0).astype(np.uint8))


def literal(channels: list[int]) -> list[int]:
    """As Label Studio's editor writes pixels that differ: one run of single values."""
    bits = f"{len(channels):032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    bits += f"010{len(channels) - 1:08b}" + "".join(f"{value:08b}" for value in channels)
    return list(int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8))


def test_a_run_of_single_values_is_read() -> None:
    channels = [9, 9, 9, 0, 1, 2, 3, 4, 0, 0, 0, 0, 7, 7, 7, 255]
    assert STUDIO.decode_rle(literal(channels)).tolist() == channels
    assert read_brush(literal(channels), 4, 1).counts == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("value", "media", "rule"),
    [
        ({"format": "png", "rle": []}, Image(4, 4), "format"),
        ({"format": "rle"}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": [256]}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": [True] * 20}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": [0.0] * 20}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": [0] * 20}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": [255] * 20}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": []}, Image(4, 4), "rle"),
        ({"format": "rle", "rle": [0] * (MAX_BYTES + 1)}, Image(4, 4), "rle"),
        (value_of(np.zeros((4, 4), np.uint8)), Image(4, 4), "rle"),
        (value_of(np.ones((4, 4), np.uint8)), Image(4, 5), "rle"),
        (value_of(np.ones((4, 4), np.uint8)), Text(9), "object"),
    ],
)
def test_what_is_no_mask_of_the_image_is_refused_by_rule(value: dict[str, Any], media: Any, rule: str) -> None:
    found = SHAPE.check(value, media)
    assert isinstance(found, Broken) and found.rule == rule and found.error.endswith(".")


@given(masks, st.data())
def test_a_code_that_is_cut_changed_or_longer_is_refused_or_read(mask: Pixels, data: Any) -> None:
    height, width = mask.shape
    rle = STUDIO.mask2rle(mask * 255)
    cut = rle[: data.draw(st.integers(0, max(0, len(rle) - 3)))]
    assert SHAPE.check({"format": "rle", "rle": cut}, Image(width, height)) is not None
    assert SHAPE.check({"format": "rle", "rle": [*rle, 0, 0, 0]}, Image(width, height)) is not None
    rle[data.draw(st.integers(0, len(rle) - 1))] = data.draw(st.integers(0, 255))
    value = {"format": "rle", "rle": rle}
    if SHAPE.check(value, Image(width, height)) is None:
        assert SHAPE.from_json(SHAPE.canonical(SHAPE.from_result(value, Image(width, height))))


@pytest.mark.parametrize("turned", [False, True])
def test_a_mask_of_too_many_runs_is_refused_before_it_takes_memory(turned: bool) -> None:
    stripes = np.zeros((2160, 3840), np.uint8)
    stripes[::2] = 1
    began = time.process_time()
    if turned:  # the stripes stand: few runs down the columns, and millions along the rows
        with pytest.raises(BadRegion, match="more than 200,000 runs"):
            SHAPE.from_json(code_of(stripes.T.copy()))
    else:
        found = SHAPE.check({"format": "rle", "rle": write_brush(Mask(2160, 3840, ()))}, Image(3840, 2160))
        assert found is not None
        rows = [count for _ in range(1080) for count in (3840, 3840)]
        with pytest.raises(BadRegion, match="more than 200,000 runs"):
            read_brush(_along_rows(rows, 3840 * 2160), 3840, 2160)
    assert time.process_time() - began < 2


def _along_rows(counts: list[int], size: int) -> list[int]:
    bits = f"{size * 4:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    bits += "".join(f"111{count * 4 - 1:016b}{at % 2 * 255:08b}" for at, count in enumerate(counts))
    return list(int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8))


def test_a_mask_of_a_4k_picture_is_checked_and_written_in_no_time() -> None:
    y, x = np.mgrid[:2160, :3840]
    rough = ((x / 1700 - 1.1) ** 2 + (y / 1000 - 1.1) ** 2 + 0.1 * np.sin(x / 9) * np.cos(y / 7) < 1).astype(np.uint8)
    value = value_of(rough)
    began = time.process_time()
    assert SHAPE.check(value, Image(3840, 2160)) is None
    geometry = SHAPE.from_result(value, Image(3840, 2160))
    assert SHAPE.to_result(geometry, Image(3840, 2160)) == value
    assert SHAPE.from_json(SHAPE.canonical(geometry)) == geometry
    assert time.process_time() - began < 2


@given(masks)
def test_bounds_and_area_are_of_the_pixels(mask: Pixels) -> None:
    geometry = read(mask)
    assert SHAPE.area(geometry) == mask.sum()
    rows, columns = np.nonzero(mask)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert SHAPE.bounds(geometry) == pytest.approx(edges)
    assert f"{mask.sum():,} pixels within" in SHAPE.words(geometry)


@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_similarity_is_the_iou_of_the_pixels(width: int, height: int, data: Any) -> None:
    numbers = st.lists(st.integers(0, 1), min_size=1, max_size=400)
    one, two = (pixels(width, height, data.draw(numbers)) for _ in range(2))
    expected = (one & two).sum() / (one | two).sum()
    assert SHAPE.similarity(read(one), read(two)) == pytest.approx(expected)
    assert SHAPE.similarity(read(one), read(one)) == 1


def test_masks_of_two_sizes_are_never_alike_and_never_cut() -> None:
    one, two = read(np.ones((4, 5), np.uint8)), read(np.ones((5, 4), np.uint8))
    assert SHAPE.similarity(one, two) == 0
    assert SHAPE.clip(one, Image(5, 4)) == (one, "ok")
    assert SHAPE.clip(one, Image(4, 5)) == (None, "outside")
    assert SHAPE.clip(Mask(4, 5, (20,)), Image(5, 4)) == (None, "degenerate")
    assert SHAPE.near(one, one) and not SHAPE.near(one, two)


@given(masks)
def test_quarter_turns_flips_and_whole_factors_are_exact(mask: Pixels) -> None:
    height, width = mask.shape
    geometry = read(mask)
    turns = [
        (np.rot90(mask, -1), lambda x, y: (height - y, x)),
        (np.rot90(mask), lambda x, y: (y, width - x)),
        (mask.T, lambda x, y: (y, x)),
        (np.rot90(mask, 2), lambda x, y: (width - x, height - y)),
        (np.kron(mask, np.ones((3, 2), np.uint8)), lambda x, y: (2 * x, 3 * y)),
    ]
    for expected, place in turns:
        found = SHAPE.mapped(geometry, place)
        assert SHAPE.canonical(found) == code_of(np.ascontiguousarray(expected))
    doubled = mapped_mask(geometry, lambda x, y: (2 * x, 2 * y))
    assert mapped_mask(doubled, lambda x, y: (x / 2, y / 2)) == geometry
    assert transposed(transposed(geometry)) == geometry


@given(masks)
def test_its_outlines_drawn_are_the_same_pixels(mask: Pixels) -> None:
    assert SHAPES["polygon"].area(SHAPE.parts(read(mask))) == mask.sum()


def test_one_mask_has_one_text() -> None:
    plain = SHAPE.from_json({"size": [2, 3], "counts": [1, 2, 3]})
    odd = SHAPE.from_json({"size": [2, 3], "counts": [1, 1, 0, 1, 2, 0, 1]})
    assert plain == odd and json.dumps(SHAPE.canonical(plain)) == json.dumps(SHAPE.canonical(odd))
    region = Region("a", "mask", 1, "", plain, control="label")
    assert load(dump([region])) == [region]


@pytest.mark.parametrize(
    "value",
    [
        *(None, 7, [1, 2], {}, {"size": [2, 3]}, {"size": [2, 3], "counts": [6]}, {"size": [2, 3], "counts": "~"}),
        *({"size": [2, 3], "counts": "o" * 100_000}, {"size": [2, 3], "counts": "1"}),
        {"size": [1, 10**12], "counts": [0, 10**12]},
    ],
)
def test_what_is_no_mask_is_not_read(value: Any) -> None:
    with pytest.raises(BadRegion):
        SHAPE.from_json(value)


def test_a_line_holds_no_more_runs_than_it_says() -> None:
    with pytest.raises(BadRegion, match="too many for a line"):
        SHAPE.from_json({"size": [50_000, 8], "counts": [1] * 2 * MAX_RUNS})


def test_a_result_becomes_a_region_and_comes_back_as_label_studio_takes_it() -> None:
    config = build(["cell", "clump"], SHAPE.task)
    assert [control.type for control in parse_config(config).controls] == [SHAPE.tag]
    mask = pixels(7, 5, [0, 1, 1, 0, 1])
    control = Control("label", "mask", "image", {"cell": 1, "clump": 2})
    entry = {
        "id": "m",
        "type": SHAPE.result_type,
        "from_name": "label",
        "to_name": "image",
        "original_width": 7,
        "original_height": 5,
        "image_rotation": 0,
        "value": {**value_of(mask), SHAPE.result_type: ["clump"]},
    }
    assert accepts(config, entry)
    [region] = from_result([entry], Image(7, 5), [control])
    assert (region.kind, region.class_id, SHAPE.canonical(region.geometry)) == ("mask", 2, code_of(mask))
    [back] = as_result([region], Image(7, 5), [control])
    assert accepts(config, back) and back["value"] == entry["value"]
