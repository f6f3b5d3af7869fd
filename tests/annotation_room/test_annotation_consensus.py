"""What several people's answers come to: boxes and masks that are the same thing, and links."""

from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lode_annotation.agreement.matching import scale_of
from lode_annotation.consensus import Known, Undecided, links
from lode_annotation.consensus.fusion import Fusion
from lode_annotation.consensus.staple import Staple, fused, likely
from motherlode.controls import Control
from motherlode.masks import Mask, mask_area
from motherlode.media import Image
from motherlode.regions import Region
from motherlode.shapes import SHAPES

Pixels = npt.NDArray[np.bool_]
HEIGHT, WIDTH = 40, 60


def test_boxes_on_different_pages_are_different_things() -> None:
    def on_page(page: int, x: float) -> Region:
        return Region(f"r{page}{x}", "box", 1, "cell", (x, 0.0, 10.0 + x, 10.0), frame=page, control="label")

    voices = [[on_page(0, 0.0), on_page(1, 0.0)], [on_page(0, 2.0)], [on_page(0, 1.0), on_page(2, 0.0)]]
    merged = Fusion().merge(asked("box"), voices, Known())
    assert [(one.frame, one.geometry) for one in merged.regions] == [(0, (1.0, 0.0, 11.0, 10.0))]
    assert [(vote["by"], vote["kept"]) for vote in merged.votes] == [([0, 1, 2], True), ([0], False), ([2], False)]


def drawn(kind: str, name: str, *places: Any, class_id: int = 1) -> list[Region]:
    return [
        Region(f"{name}{at}", kind, class_id, "cell", SHAPES[kind].from_json(place), control="label")
        for at, place in enumerate(places)
    ]


def asked(kind: str) -> Control:
    return Control(name="label", kind=kind, to_name="image", class_ids={"cell": 1, "other": 2})


def triangle(x: float) -> Any:
    return [[[[x, 0.0], [x + 40.0, 0.0], [x, 40.0]]]]


KINDS = {
    "box": [[0, 0, 40, 40], [2, 0, 42, 40], [1, 3, 41, 43]],
    "rotated_box": [[50, 50, 40, 20, 30], [52, 50, 20, 40, 300], [51, 53, 40, 20, 34]],
    "ellipse": [[50, 50, 40, 20, 30], [52, 50, 20, 40, 120], [51, 53, 40, 20, 34]],
    "polygon": [triangle(0), triangle(2), triangle(4)],
    "polyline": [[[0, 0], [90, 2]], [[0, 2], [90, 2]], [[0, 3], [90, 3]]],
    "keypoint": [[50, 50], [52, 50], [51, 53]],
    "skeleton": [[[50, 50, 2], [80, 80, 2]], [[52, 50, 2], [81, 80, 1]], [[51, 53, 2], [80, 82, 2]]],
}


@pytest.mark.parametrize("kind", KINDS)
def test_regions_of_every_kind_are_fused_whoever_comes_first(kind: str) -> None:
    far = SHAPES[kind].canonical(SHAPES[kind].mapped(SHAPES[kind].from_json(KINDS[kind][0]), lambda x, y: (x + 300, y)))
    voices = [drawn(kind, name, place) for name, place in zip("abc", KINDS[kind], strict=True)]
    voices[1] = drawn(kind, "b", KINDS[kind][1], far)
    merged = Fusion().merge(asked(kind), voices, Known())
    [region] = merged.regions
    assert region.kind == kind and sorted(len(vote["by"]) for vote in merged.votes) == [1, 3]
    for order in permutations(range(3)):
        other = Fusion().merge(asked(kind), [voices[place] for place in order], Known())
        assert other.regions == merged.regions
        people = [[order[at] for at in vote["by"]] for vote in other.votes if vote["kept"]]
        assert [sorted(one) for one in people] == [[0, 1, 2]]


@pytest.mark.parametrize("kind", KINDS)
def test_what_all_draw_alike_stays_as_it_is(kind: str) -> None:
    place = KINDS[kind][0]
    merged = Fusion().merge(asked(kind), [drawn(kind, name, place) for name in "abc"], Known(scale=0.37))
    assert [region.geometry for region in merged.regions] == [SHAPES[kind].from_json(place)]


def test_an_upright_box_and_a_rotated_one_are_the_same_thing() -> None:
    upright, turned = drawn("box", "a", [0, 0, 40, 20]), drawn("rotated_box", "b", [20, 10, 40, 20, 4])
    merged = Fusion().merge(asked("box"), [upright, turned, drawn("box", "c", [0, 0, 40, 20])], Known())
    [region] = merged.regions
    assert region.kind == "rotated_box" and region.geometry == pytest.approx((20, 10, 40, 20, 4 / 3), abs=0.01)
    merged = Fusion().merge(asked("box"), [upright, drawn("box", "b", [2, 0, 42, 20])], Known())
    assert [(one.kind, one.geometry) for one in merged.regions] == [("box", (1, 0, 41, 20))]


def test_how_far_apart_points_may_lie_is_a_share_of_the_picture() -> None:
    voices = [drawn("keypoint", name, [x, 100]) for name, x in (("a", 100), ("b", 130), ("c", 115))]
    with pytest.raises(Undecided):  # two of three: those 15 pixels apart are another thing in a picture this small
        Fusion().merge(asked("keypoint"), voices[:2], Known(scale=scale_of(Image(1000, 800))))
    merged = Fusion().merge(asked("keypoint"), voices, Known(scale=scale_of(Image(4000, 3000))))
    assert [one.geometry for one in merged.regions] == [pytest.approx((115, 100))]


def test_links_are_kept_where_all_give_the_same_ones() -> None:
    def link(end: str) -> dict[str, Any]:
        return {"type": "relation", "from_id": "a", "to_id": end, "direction": "right", "labels": []}

    assert links("merged", [[link("b"), link("c")], [link("c"), link("b")]], {"a", "b"}) == [link("b")]
    with pytest.raises(Undecided):
        links("merged", [[link("b")], []], {"a", "b"})
    assert links("last", [[link("b")], [link("c")]], {"a", "b", "c"}) == [link("c")]


def disc(x: float, y: float, radius: float) -> Pixels:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside: Pixels = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
    return inside


def mask(pixels: Pixels) -> Mask:
    flat = pixels.T.ravel().astype(int)
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat])))
    return Mask(HEIGHT, WIDTH, tuple(np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()))


def pixels(one: Mask) -> Pixels:
    inside: Pixels = np.repeat(np.arange(len(one.counts)) % 2 == 1, one.counts).reshape(one.width, one.height).T
    return inside


def staple(said: Pixels) -> npt.NDArray[np.float64]:
    """The paper's equations, pixel by pixel: (people, pixels) to how likely each pixel is inside."""
    decisions = said.astype(float)
    p, q, prior = np.full(len(said), 0.99999), np.full(len(said), 0.99999), decisions.mean()
    weights = np.zeros(said.shape[1])
    for _round in range(200):
        a, b = np.full(said.shape[1], prior), np.full(said.shape[1], 1 - prior)
        for person, decision in enumerate(decisions):
            a *= np.where(decision == 1, p[person], 1 - p[person])
            b *= np.where(decision == 1, 1 - q[person], q[person])
        before, weights = weights, a / (a + b)
        if np.abs(weights - before).max() < 1e-9:
            break
        p = np.clip((decisions * weights).sum(axis=1) / weights.sum(), 1e-6, 1 - 1e-6)
        q = np.clip(((1 - decisions) * (1 - weights)).sum(axis=1) / (1 - weights).sum(), 1e-6, 1 - 1e-6)
    return weights


def test_masks_are_fused_as_the_paper_says_without_decoding_them() -> None:
    random = np.random.default_rng(7)
    for _case in range(20):
        x, y = random.uniform(15, 45), random.uniform(12, 28)
        drawn = [disc(x + random.normal(), y + random.normal(), random.uniform(6, 11)) for _person in range(5)]
        rows, columns = np.nonzero(np.any(drawn, axis=0))
        box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        wanted = np.zeros((HEIGHT, WIDTH), dtype=bool)
        within = staple(np.array([one[box].ravel() for one in drawn])) > 0.5
        wanted[box] = within.reshape(wanted[box].shape)
        assert (pixels(fused([mask(one) for one in drawn])) == wanted).all()


def test_who_draws_otherwise_than_the_others_counts_less() -> None:
    close = [disc(30, 20, 8), disc(30, 20, 8), disc(30, 20, 8)]
    assert (pixels(fused([mask(one) for one in [*close, disc(30, 20, 14), disc(30, 20, 15)]])) == close[0]).all()
    chances = likely(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([90.0, 10.0]))
    assert chances[0] < 0.01 and chances[1] > 0.99


def test_masks_of_the_same_thing_become_one_and_those_that_one_drew_are_left_out() -> None:
    brush = Control(name="brush", kind="mask", to_name="image", class_ids={"cell": 1})

    def said(name: str, *drawn: Pixels) -> list[Region]:
        return [
            Region(f"{name}{place}", "mask", 1, "cell", mask(one), control="brush") for place, one in enumerate(drawn)
        ]

    voices = [
        said("b", disc(15, 20, 8)),
        said("e", disc(15, 20, 8), disc(45, 20, 5)),
        said("d", disc(15, 20, 10)),
    ]
    merged = Staple().merge(brush, voices, Known())
    [region] = merged.regions
    assert region.id == "b0" and mask_area(region.geometry) == disc(15, 20, 8).sum()
    assert [(vote["by"], vote["kept"]) for vote in merged.votes] == [([0, 1, 2], True), ([1], False)]
    with pytest.raises(Undecided):
        Staple().merge(brush, [said("b", disc(15, 20, 8)), said("e")], Known())
