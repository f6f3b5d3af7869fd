"""Mutation check: small faults are put into the code one at a time, and the tests of that code must see each.

    python scripts/mutate.py [--each 40] [--seed 1] [--jobs 2] [matching splits publish claims]

Not part of CI: it takes as long as its tests do, times the number of mutants. Each mutant is one change of one
expression or string of SQL in a copy of the working tree (those files that git would take), against which the
subject's tests run until the first failure. A mutant is killed when they fail or do not end within ten times their
usual time. Printed are a table of the share killed of each subject and the survivors with their places: each is a
missing test or a change that changes nothing, for a person to judge.
"""

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
METRICS = "hooks/lode_hooks/evaluations/metrics"
SUBJECTS: dict[str, tuple[list[str], list[str]]] = {
    "matching": (
        [f"{METRICS}/matching.py", f"{METRICS}/kinds.py"],
        [f"tests/hooks/test_hooks_{name}.py" for name in ("boxes", "evaluations", "strategies")],
    ),
    "splits": (
        ["datasets/lode_datasets/splits.py", "datasets/lode_datasets/selection.py"],
        [f"tests/datasets_room/test_datasets_{name}.py" for name in ("splits", "selection")],
    ),
    "publish": (
        [
            "datasets/lode_datasets/publish.py",
            "datasets/lode_datasets/changes.py",
            "datasets/lode_datasets/contents.py",
            "datasets/lode_datasets/repositories.py",
        ],
        [
            f"tests/datasets_room/test_datasets_{name}.py"
            for name in ("publish", "format", "replaced", "doors", "rest", "faults")
        ],
    ),
    "claims": (
        ["annotation/lode_annotation/statements/places.py", "annotation/lode_annotation/submit.py"],
        [f"tests/annotation_room/test_annotation_{name}.py" for name in ("submit", "filling", "faults")],
    ),
}

COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
COUNTED: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.BitAnd: "|", ast.BitOr: "&",
    ast.Mod: "+", ast.LShift: ">>", ast.RShift: "<<",
}  # fmt: skip
UNSEEN = {"strict", "batch_size"}
"""Keywords whose values change no result: a check of our own arguments, and how many rows go into a statement."""

SQL = re.compile(r"\b(?:SELECT|WHERE|AND|EXISTS|UPDATE|INSERT|ORDER BY)\b")
IN_SQL = [
    (" AND ", " OR "), (" OR ", " AND "), (" <= ", " < "), (" < ", " <= "), (" >= ", " > "), (" > ", " >= "),
    (" = ", " <> "), ("IS NULL", "IS NOT NULL"), ("IS NOT NULL", "IS NULL"), ("NOT EXISTS", "EXISTS"), (" DESC", ""),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file in which the text from ``start`` to ``end`` is written otherwise."""

    file: str
    line: int
    start: int
    end: int
    was: str
    now: str

    def __str__(self) -> str:
        was = self.was if len(self.was) < 60 else f"{self.was[:56]} ..."
        return f"{self.file}:{self.line}: {was!r} -> {self.now!r}"


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its syntax tree."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    data = text.encode()

    def at(node: ast.expr | ast.stmt, *, end: bool = False) -> int:
        if end:
            assert node.end_lineno is not None and node.end_col_offset is not None
            return starts[node.end_lineno - 1] + node.end_col_offset
        return starts[node.lineno - 1] + node.col_offset

    def mutant(line: int, start: int, end: int, now: str) -> Mutant:
        return Mutant(file, line, start, end, data[start:end].decode(), now)

    tree = ast.parse(text)
    aside = set(_said_only(tree))
    how_much = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in UNSEEN}
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) in aside or id(node) in how_much:
            continue
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
            now = f" {COMPARED[type(node.ops[0])]} "
            yield mutant(node.lineno, at(node.left, end=True), at(node.comparators[0]), now)
        elif (
            isinstance(node, ast.BinOp)
            and type(node.op) in COUNTED
            and not isinstance(node.left, ast.Constant | ast.JoinedStr)
        ):
            yield mutant(node.lineno, at(node.left, end=True), at(node.right), f" {COUNTED[type(node.op)]} ")
        elif isinstance(node, ast.BoolOp):
            now = " or " if isinstance(node.op, ast.And) else " and "
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield mutant(left.lineno, at(left, end=True), at(right), now)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield mutant(node.lineno, at(node), at(node.operand), "")
        elif isinstance(node, ast.Constant) and type(node.value) in (bool, int):
            now = str(not node.value) if isinstance(node.value, bool) else f"{node.value!r} + 1"
            yield mutant(node.lineno, at(node), at(node, end=True), now)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield mutant(node.lineno, at(node), at(node, end=True), "pass")
        elif isinstance(node, ast.Return) and node.value is not None:
            yield mutant(node.lineno, at(node), at(node, end=True), "return None")
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            start, end = at(node), at(node, end=True)
            said = data[start:end].decode()
            if SQL.search(said):
                for was, now in IN_SQL:
                    for found in re.finditer(re.escape(was), said):
                        here = start + len(said[: found.start()].encode())
                        yield mutant(node.lineno, here, here + len(was.encode()), now)


def _said_only(tree: ast.Module) -> Iterator[int]:
    """The lines of docstrings, annotations and messages: what they say no test has to see."""
    for node in ast.walk(tree):
        docs = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False)
        if docs and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield from range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
        if isinstance(node, ast.Raise):
            yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
        if isinstance(node, ast.AnnAssign):
            yield node.lineno
        if isinstance(node, ast.Assign):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            if all(isinstance(value, ast.Constant) and type(value.value) is int for value in values):
                yield node.lineno  # a batch's size, a limit, codes: how much, not what
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            for decorator in node.decorator_list:
                yield from range(decorator.lineno, (decorator.end_lineno or 0) + 1)
        if isinstance(node, ast.FunctionDef):
            first = node.body[0].lineno
            yield from range(node.lineno, first)


def copy_tree(target: Path) -> None:
    """The working tree as git would take it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, set(names)):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def run_tests(tree: Path, tests: list[str], limit: float | None) -> bool:
    """Whether the tests pass on the code of ``tree``; not if they take longer than ``limit`` seconds."""
    rooms = ("platform", "annotation", "datasets", "hooks", "sdk")
    with tempfile.TemporaryDirectory() as home:
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(tree / room) for room in rooms),
            "MOTHERLODE_HOME": home,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not browser", *tests]
        try:
            done = subprocess.run(command, cwd=tree, env=env, timeout=limit, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def check(subject: str, each: int, seed: int, jobs: int) -> tuple[int, int, list[Mutant]]:
    """How many mutants of a subject were made and killed, and those that survived."""
    files, tests = SUBJECTS[subject]
    every = list(dict.fromkeys(one for file in files for one in mutants_of(file, (ROOT / file).read_text())))
    some = random.Random(seed).sample(every, min(each, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder) / str(number) for number in range(jobs)]
        for tree in trees:
            copy_tree(tree)
        began = time.monotonic()
        if not run_tests(trees[0], tests, None):
            sys.exit(f"{subject}: the tests fail without any mutant: {' '.join(tests)}")
        limit = 10 * (time.monotonic() - began) + 10

        def survivors(number: int) -> list[Mutant]:
            return [mutant for mutant in some[number::jobs] if lives(trees[number], mutant, tests, limit)]

        with ThreadPoolExecutor(jobs) as pool:
            alive = [mutant for part in pool.map(survivors, range(jobs)) for mutant in part]
    return len(some), len(some) - len(alive), alive


def lives(tree: Path, mutant: Mutant, tests: list[str], limit: float) -> bool:
    """Whether no test sees the mutant, which is put into ``tree`` and taken out again."""
    path = tree / mutant.file
    data = path.read_bytes()
    changed = data[: mutant.start] + mutant.now.encode() + data[mutant.end :]
    try:
        compile(changed, mutant.file, "exec")
    except SyntaxError:
        return False
    path.write_bytes(changed)
    try:
        alive = run_tests(tree, tests, limit)
    finally:
        path.write_bytes(data)
    print(f"{'SURVIVED' if alive else 'killed'} {mutant}", file=sys.stderr, flush=True)
    return alive


def main() -> None:
    """Checks the subjects asked for and prints a table and the survivors."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("subjects", nargs="*", default=list(SUBJECTS), choices=[*SUBJECTS, []])
    parser.add_argument("--each", type=int, default=40, help="mutants of each subject, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    alive: list[Mutant] = []
    print("| subject | mutants | killed | share |\n|---|---|---|---|")
    for subject in asked.subjects:
        made, killed, left = check(subject, asked.each, asked.seed, asked.jobs)
        alive += left
        print(f"| {subject} | {made} | {killed} | {killed / made:.0%} |", flush=True)
    for mutant in alive:
        print(mutant)


if __name__ == "__main__":
    main()
