"""Every extension point is in docs/extending.md, and the modules written out there work."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.written_out import PAGE, written_out

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
NOT_FOR_ROOMS = {"lode_platform.token_uses.note", "motherlode.environment.pass_on"}  # they keep state, not variants


def modules() -> Iterator[tuple[str, bool, ast.Module]]:
    """Every module of the rooms and the SDK: its dotted name, whether it is a package, what it says."""
    for path in sorted([*ROOT.glob("*/lode_*/**/*.py"), *ROOT.glob("sdk/motherlode/**/*.py")]):
        if "migrations" not in path.parts:
            parts = path.relative_to(ROOT).with_suffix("").parts[1:]
            package = parts[-1] == "__init__"
            yield ".".join(parts[:-1] if package else parts), package, ast.parse(path.read_text())


def assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    """The name and the value of an assignment to one name; an empty name for anything else."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    name = target.id if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) else ""
    return name, getattr(node, "value", None)


def filled_by(function: ast.FunctionDef) -> set[str]:
    """The names whose values a function adds to: `name[...] = ...` and `name.append(...)`."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            found |= {ast.unparse(node.targets[0].value)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            found |= {ast.unparse(node.func.value)}
    return found


def extension_points() -> set[str]:
    """Functions that fill an empty table of their module, and the tables that a package puts its modules into."""
    points = set()
    for module, package, tree in modules():
        empty = set()
        for node in tree.body:
            name, value = assigned(node)
            if isinstance(value, ast.Dict | ast.List) and not any(ast.iter_child_nodes(value)):
                empty.add(name)
            if (
                package
                and name.isupper()
                and name[0] != "_"
                and isinstance(value, ast.Dict | ast.DictComp)
                and "BY_" not in name
            ):
                points.add(f"{module}.{name}")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name[0] != "_" and filled_by(node) & empty:
                points.add(f"{module}.{node.name}")
    return points - NOT_FOR_ROOMS


def test_every_extension_point_is_documented() -> None:
    undocumented = {point for point in extension_points() if f"`{point}`" not in PAGE}
    assert undocumented == set(), "say in docs/extending.md how each is used"


def test_what_is_documented_is_there() -> None:
    names = re.findall(r"`((?:lode_\w+|motherlode)(?:\.\w+)+)`", PAGE)
    assert len(names) > 15
    for name in names:
        module, _, last = name.rpartition(".")
        assert hasattr(__import__(module, fromlist=[last]), last), name


def test_the_strategy_that_is_written_out_ranks_items_by_their_boxes() -> None:
    from lode_hooks.evaluations.metrics.arrays import Detections
    from lode_hooks.mining.strategies import Candidates

    detections: Any = Detections.__new__(Detections)
    object.__setattr__(detections, "image", np.array([2, 2, 0]))
    ranking = written_out("Items in which").STRATEGY.rank(Candidates(count=3, detections=detections), seed=0)
    assert ranking.score.tolist() == [0.5, -np.inf, 1.0]
    assert ranking.reason(2) == {"strategy": "crowded", "text": "the run found 2 objects"}


def test_the_format_that_is_written_out_reads_a_table(tmp_path: Path) -> None:
    from motherlode.formats.source import Folder, Problem, Record

    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").write_text("a.png,cat\nno label here\n")
    table = written_out("A table")
    files = Folder(tmp_path)
    assert table.detect(files)
    found = list(table.read(files))
    records = [one for one in found if isinstance(one, Record)]
    problems = [one for one in found if isinstance(one, Problem)]
    assert [(one.path, [draft.label for draft in one.drafts]) for one in records] == [("a.png", ["cat"]), ("b.png", [])]
    assert [(one.file, one.row) for one in problems] == [("labels.csv", "line 2")]


def test_the_tracker_that_is_written_out_gets_address_versions_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from motherlode import integrations

    tracker = written_out("Notebook").TRACKER
    monkeypatch.setitem(integrations.TRACKERS, tracker.name, tracker)
    assert integrations.active_run() is None
    theirs: Any = ModuleType("notebook")
    theirs.current_run = lambda: SimpleNamespace(id="r1", folder=tmp_path)
    monkeypatch.setitem(sys.modules, "notebook", theirs)
    tracked = integrations.active_run()
    assert tracked == integrations.TrackedRun("notebook", "r1", "")
    pin: Any = SimpleNamespace(name="cells@v1")
    integrations.link(tracked, "http://host/runs/1", [(pin, None, "train")])
    assert (tmp_path / "motherlode.txt").read_text() == "http://host/runs/1\ncells@v1 all train\n"
    artifact = tmp_path / "weights" / "model.bin"
    artifact.parent.mkdir()
    artifact.write_bytes(b"weights")
    integrations.log_artifact(artifact)
    assert (tmp_path / "model.bin").read_bytes() == b"weights"
