"""What several people's answers come to: boxes and masks that are the same thing, and links."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lode_annotation.consensus import Undecided, links
from lode_annotation.consensus.fusion import Fusion
from lode_annotation.consensus.staple import Staple, fused, likely
from motherlode.controls import Control
from motherlode.masks import Mask, mask_area
from motherlode.regions import Region

Pixels = npt.NDArray[np.bool_]
HEIGHT, WIDTH = 40, 60


def test_boxes_on_different_pages_are_different_things() -> None:
    asked = Control(name="label", kind="box", to_name="image", class_ids={"cell": 1})

    def on_page(page: int, x: float) -> Region:
        return Region(f"r{page}{x}", "box", 1, "cell", (x, 0.0, 10.0 + x, 10.0), frame=page, control="label")

    voices = [[on_page(0, 0.0), on_page(1, 0.0)], [on_page(0, 2.0)], [on_page(0, 1.0), on_page(2, 0.0)]]
    merged = Fusion().merge(asked, voices)
    assert [(one.frame, one.geometry) for one in merged.regions] == [(0, (1.0, 0.0, 11.0, 10.0))]
    assert [(vote["by"], vote["kept"]) for vote in merged.votes] == [([0, 1, 2], True), ([0], False), ([2], False)]


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
    asked = Control(name="brush", kind="mask", to_name="image", class_ids={"cell": 1})

    def said(name: str, *drawn: Pixels) -> list[Region]:
        return [
            Region(f"{name}{place}", "mask", 1, "cell", mask(one), control="brush") for place, one in enumerate(drawn)
        ]

    voices = [
        said("b", disc(15, 20, 8)),
        said("e", disc(15, 20, 8), disc(45, 20, 5)),
        said("d", disc(15, 20, 10)),
    ]
    merged = Staple().merge(asked, voices)
    [region] = merged.regions
    assert region.id == "b0" and mask_area(region.geometry) == disc(15, 20, 8).sum()
    assert [(vote["by"], vote["kept"]) for vote in merged.votes] == [([0, 1, 2], True), ([1], False)]
    with pytest.raises(Undecided):
        Staple().merge(asked, [said("b", disc(15, 20, 8)), said("e")])
