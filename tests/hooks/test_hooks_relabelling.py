"""Labels imported anew: the difference says what happened, and objects keep their history over it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from lode_datasets import diff
from lode_hooks.evaluations import compare
from lode_hooks.failures import browse, verdicts
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.models import Failure, FailureOccurrence
from lode_platform.models import User

pytestmark = pytest.mark.django_db
Box = tuple[float, float, float, float]
PATHS = [f"{number}.png" for number in range(4)]
SIDE = 16.0


def grid(rows: int) -> list[Box]:
    """Boxes in columns of ten, a box's width apart."""
    return [
        (column * 2 * SIDE, row * 2 * SIDE, column * 2 * SIDE + SIDE, row * 2 * SIDE + SIDE)
        for row in range(rows)
        for column in range(10)
    ]


def moved(box: Box) -> Box:
    return (box[0] + 2, box[1], box[2] + 2, box[3])


def line(path: str, boxes: Sequence[Box]) -> dict[str, Any]:
    """Predictions of one picture."""
    return {"path": path, "boxes": boxes, "labels": ["RBC"] * len(boxes), "scores": [0.9] * len(boxes)}


def brought(program: Any, truths: Mapping[str, Sequence[Box]]) -> None:
    """An import of these boxes, through REST."""
    uuid = str(uuid4())
    program.post("projects/blood/label-imports", {"uuid": uuid, "schema": "cells-schema"})
    lines = [
        {"path": path, "labelled": True, "regions": [{"kind": "box", "label": "RBC", "box": box} for box in boxes]}
        for path, boxes in truths.items()
    ]
    body = "\n".join(map(json.dumps, lines))
    program.client.put(f"/api/v1/label-imports/{uuid}/parts/0", body, content_type="application/x-ndjson")
    assert program.post(f"label-imports/{uuid}/finish").status_code == 202


def test_a_relabelling_reads_as_what_it_is_and_objects_keep_their_history(
    world: Callable[..., Any], api: Callable[..., Any], run_jobs: Callable[[], int], alice: User, rita: User
) -> None:
    here, program = world(), api(alice)
    here.add(PATHS, width=400, height=400)
    first = {path: grid(5) for path in PATHS}  # 200 boxes
    brought(program, first)
    run_jobs()
    old = here.publish()
    # Everything but the first column is found; those of it are missed: 20 failures, 5 a picture.
    found = [box for box in grid(5) if box[0] > 0]
    lines = [line(path, found) for path in PATHS]
    before = here.evaluate(here.predict(here.run("one"), old, lines))
    missed = set(FailureOccurrence.objects.filter(evaluation=before).values_list("failure__uuid", flat=True))
    assert len(missed) == 20
    judged = [Failure.objects.filter(item=here.items[path]).order_by("pk")[0] for path in ("0.png", "3.png")]
    for failure in judged:
        verdicts.judge(failure, rita, kind="model_error", note="far from the focus")

    # 50 moved by two pixels, 10 removed, 20 added: of 0.png all 50 moved, of 1.png the last row gone, 20 new in 2.png.
    again = {
        **first,
        "0.png": [moved(box) for box in reversed(grid(5))],
        "1.png": grid(4),
        "2.png": grid(7),
    }
    brought(program, again)
    run_jobs()
    new = here.publish()
    summary = diff.summary(old, new)
    assert summary.regions == {"moved": 50, "removed": 10, "added": 20}
    assert (summary.kinds, summary.by_place) == ({"relabelled": 3}, 0)

    lines = [line(path, [moved(box) for box in found] if path == "0.png" else found) for path in PATHS]
    after = here.evaluate(here.predict(here.run("two"), new, lines))
    seen = set(
        FailureOccurrence.objects.filter(evaluation=after, kind="missed").values_list("failure__uuid", flat=True)
    )
    # Of those missed before one is gone with its row; the 20 new boxes are missed too.
    assert (len(missed & seen), len(missed - seen), len(seen - missed)) == (19, 1, 20)
    for failure in judged:
        assert [(dot.run.name, dot.kind) for dot in verdicts.history(failure)] == [("one", "missed"), ("two", "missed")]
        assert failure.verdicts.count() == 1
    # A verdict counts where the truth is as it was when it was given; the history has both.
    assert browse.count(after, FailureFilter(verdict="model_error")) == 1
    both = compare.compare(before, after)
    assert (both.ok, both.unchanged, both.fixed, both.regressed) == (171, 19, 0, 0)
    assert both.items_by_place == 0
