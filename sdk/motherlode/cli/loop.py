"""Verbs of the loop: runs, predictions, failures, mine."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from motherlode import verbs as sdk
from motherlode.cache import Cache
from motherlode.cli.out import Out, Verbs, add_verb, client_of, count, problem_lines
from motherlode.client import Client
from motherlode.errors import BadInput
from motherlode.evaluations import Evaluation
from motherlode.failure_kinds import FAILURE_KINDS
from motherlode.formats.json_stream import BadJson
from motherlode.formats.source import Problem
from motherlode.formats.values import open_text
from motherlode.predictions import Prediction
from motherlode.results import IdMap, IdMaps, id_map_file, load_ids, read_ids, read_results
from motherlode.runs import Run
from motherlode.samples import Samples
from motherlode.sending import task_of

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """runs, predictions, evaluations, compare, failures, mine."""
    add_verb(verbs, "runs", runs, "list the project's runs")
    verb = add_verb(verbs, "predictions", predictions, "log a COCO results file as a run's predictions")
    verb.add_argument("run", help="the run's uuid or name")
    verb.add_argument("file", type=Path, help="a JSON list of image_id, category_id, bbox or segmentation, score")
    verb.add_argument(
        "--task",
        choices=("boxes", "polygons"),
        help="what is read of each row: its bbox or its segmentation (default: as the schema asks)",
    )
    verb.add_argument("--control", metavar="NAME", help="which control of the schema they answer, where it has several")
    verb.add_argument("--split", required=True, help="the split that was predicted")
    verb.add_argument("--version", help="such as cells@v1 (default: the one the run uses)")
    verb.add_argument("--ids", type=Path, help="the COCO file whose images and categories the ids mean")
    verb.add_argument("--model", default="", help="the model's name")
    verb.add_argument("--out-of-fold", action="store_true", help="no item was seen by the model that predicted it")
    verb = add_verb(verbs, "evaluations", evaluations, "list the evaluations of a run's predictions")
    verb.add_argument("run", help="the run's uuid or name")
    verb = add_verb(verbs, "compare", compare, "compare a run with an earlier one, object by object")
    verb.add_argument("before", help="the earlier run's uuid or name")
    verb.add_argument("after", help="the later run's uuid or name")
    verb.add_argument("--threshold", type=float, help="the least score that counts (default: each run's of best F1)")
    verb.add_argument("--split", help="default: test, where both predicted it")
    verb.add_argument("--version", help="on this version's labels (default: the newest that both have)")
    verb.add_argument("--before-version", help="the earlier run on this version's labels; needs --version")
    verb = add_verb(verbs, "failures", failures, "list the failures of an evaluation")
    verb.add_argument("evaluation", type=UUID, help="the evaluation's uuid, which ends its page's address")
    verb.add_argument("--kind", choices=FAILURE_KINDS, help="only failures of this kind")
    verb.add_argument("--threshold", type=float, default=0.0, help="the least score that counts (default: 0)")
    verb.add_argument("--limit", type=int, default=50, help="at most so many (default: 50)")
    verb = add_verb(verbs, "mine", mine, "choose items that a run fails on and queue them for annotators")
    verb.add_argument("run", help="the run's uuid or name")
    verb.add_argument(
        "--strategy", "-s", type=strategies, default={"failures": 1.0}, help="failures, or failures=2,uncertain=1"
    )
    verb.add_argument("--budget", "-b", type=int, default=100, help="how many items (default: 100)")
    verb.add_argument(
        "--random", type=float, default=0.2, help="the share chosen at random, as a control (default: 0.2)"
    )
    verb.add_argument("--queue", "-q", help="the name of the queue to create; a preview needs none")
    verb.add_argument("--seed", type=int, default=0, help="of the random share: the same seed chooses the same")
    verb.add_argument("--preview", action="store_true", help="only say what would be selected")


def strategies(text: str) -> dict[str, float]:
    """`failures`, or `failures=2,uncertain=1`: strategies and their weights."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs:
        raise ValueError(text)
    return {name.strip(): float(weight or 1) for name, _, weight in pairs}


def runs(arguments: Namespace, out: Out) -> None:
    """The newest first, as the server lists them."""
    with client_of(arguments) as client:
        rows = list(client.pages(f"{client.project_path()}/runs"))
    out.answer(rows)
    if not rows:
        out.say("No run yet: motherlode.run(...) in training code begins one.")
    lines = [
        (row["uuid"], row["name"], row["state"], ", ".join(_use(use) for use in row.get("uses") or ())) for row in rows
    ]
    out.table(lines, ("run", "name", "state", "uses"))


def _use(use: dict[str, Any]) -> str:
    return f"{_version_of(use)} {use.get('split') or ''}".strip()


def _version_of(use: dict[str, Any]) -> str:
    version = use.get("version")
    if isinstance(version, dict):
        return str(version.get("name") or f"{version['dataset']}@v{version['version']}")
    return str(version or use.get("name") or "")


def run_meant(client: Client, text: str) -> Run:
    """The run of that uuid, or the only one of that name in the project. Raises `NotFound`, `BadInput`."""
    try:
        return Run.of(client, str(UUID(text)))
    except ValueError:
        pass
    named = [row for row in client.pages(f"{client.project_path()}/runs") if row["name"] == text]
    if not named:
        raise BadInput(f"no run of {client.project} is called {text!r}; `lode runs` lists them")
    if len(named) > 1:
        known = ", ".join(str(row["uuid"]) for row in named)
        raise BadInput(f"{len(named)} runs are called {text!r}: say which by its uuid, {known}")
    return Run.of(client, str(named[0]["uuid"]))


def predictions(arguments: Namespace, out: Out) -> None:
    """Send them, wait for the evaluation, and say what came of it."""
    with client_of(arguments) as client:
        run = run_meant(client, arguments.run)
        version = arguments.version or f"{run.project}/{_version_used(run, arguments.split)}"
        samples = sdk.load(version, arguments.split, client=client)
        problems: list[Problem] = []
        rows = _read(arguments, client, samples, problems)
        sent = run.log_predictions(
            samples,
            rows,
            ids="class",
            control=arguments.control,
            model=arguments.model,
            out_of_fold=arguments.out_of_fold,
        )
        evaluation = sent.wait()
    out.answer(
        {
            "predictions": str(sent.id),
            "items": sent.items,
            "evaluation": evaluation.row if evaluation else None,
            "problems": [problem.as_json() for problem in problems],
        }
    )
    out.say(f"Predictions on {count(sent.items, 'item')} of {samples.name} {samples.split} logged to {run.name}.")
    for line in problem_lines([problem.as_json() for problem in problems]):
        out.say(line)
    _say_metrics(evaluation, out)


def _say_metrics(evaluation: Evaluation | None, out: Out) -> None:
    if evaluation is None:
        out.say("These items have no labels to evaluate against; the predictions can be mined.")
        return
    if not evaluation.coverage.is_whole:
        out.say(f"  evaluated: {evaluation.coverage}")
    if evaluation.threshold is not None:
        out.say(f"  tp, fp and fn at score 0; best F1 at score {evaluation.threshold:.4g}")
    for name, value in evaluation.metrics.items():
        out.say(f"  {name:<10} {value:,.0f}" if name in ("tp", "fp", "fn") else f"  {name:<10} {value:.6f}")
    if evaluation.url:
        out.say(f"  {evaluation.url}")


def _version_used(run: Run, split: str) -> str:
    """The version that a run uses: the one used with this split, or the only one. Raises `BadInput`."""
    uses = [(_version_of(use), str(use.get("split") or "")) for use in run.uses]
    for found in ({name for name, own in uses if own == split}, {name for name, _ in uses}):
        if len(found) == 1:
            return found.pop()
    known = ", ".join(sorted({name for name, _ in uses})) or "none"
    raise BadInput(f"{run.name} uses {known}: say which version was predicted with --version")


def _read(arguments: Namespace, client: Client, samples: Samples, problems: list[Problem]) -> Iterator[Prediction]:
    maps, told = _id_maps(arguments, client, samples)
    classes = samples.classes if arguments.control is None else samples.classes_of(arguments.control)
    known = {*classes, *classes.values()}
    of = samples.name if arguments.control is None else f"the control {arguments.control!r} of {samples.name}"
    with arguments.file.open("rb") as stream, _named(arguments.file):
        outlines = (arguments.task or task_of(samples, arguments.control)) == "polygons"
        rows = read_results(open_text(stream), arguments.file.name, maps, samples.paths, told=told, outlines=outlines)
        for found in rows:
            if isinstance(found, Problem):
                problems.append(found)
                continue
            unknown = next((label for label in found.labels if label not in known), None)
            if unknown is not None:
                raise BadInput(
                    f"the category {unknown!r} is not a class of {of}; say what the ids mean with --ids instances.json"
                )
            yield found


def _id_maps(arguments: Namespace, client: Client, samples: Samples) -> tuple[IdMaps, bool]:
    """What the ids mean, and whether that is said of this very file: by --ids, or by the file's own images.

    Else the documents that were imported on this machine say it, or the schema's own categories.
    """
    for file in (arguments.ids, arguments.file):
        if file is not None:
            with file.open("rb") as stream, _named(file):
                own = read_ids(open_text(stream))
            if own.images or file == arguments.ids:
                return {file.name: own}, True
    pin = samples.snapshot.pin
    kept = load_ids(id_map_file(Cache().root, client.url, pin.project, pin.dataset))
    return kept or {"the schema": IdMap({}, samples.snapshot.categories())}, False


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Say in which file it was that something could not be read."""
    try:
        yield
    except BadJson as error:
        raise BadJson(f"{file}: is not complete JSON: {error}; write it again") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: is not UTF-8 ({error})") from None
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from None


def evaluations(arguments: Namespace, out: Out) -> None:
    """One line each, newest first, with the items that were evaluated and the score that pages show first."""
    with client_of(arguments) as client:
        found = run_meant(client, arguments.run).evaluations()
    out.answer([evaluation.row for evaluation in found])
    if not found:
        out.say("No evaluation yet: run.log_predictions(...) on a labelled split has one made.")
    lines = [(row.id, row.version, row.split, row.coverage, _headline(row), row.threshold, row.url) for row in found]
    out.table(lines, ("evaluation", "truth", "split", "evaluated", "result", "best F1 at", "page"))


def _headline(evaluation: Evaluation) -> str:
    shown = [name for name in ("AP", "AP50", "accuracy", "macro_f1") if name in evaluation.metrics]
    return ", ".join(f"{name} {evaluation.metrics[name]:.4f}" for name in shown) or str(evaluation.row["state"])


def compare(arguments: Namespace, out: Out) -> None:
    """The metrics of both, then what changed, at a stated score."""
    if arguments.before_version and not arguments.version:
        raise BadInput("--before-version needs --version, the later run's")
    with client_of(arguments) as client:
        before, after = run_meant(client, arguments.before), run_meant(client, arguments.after)
        found = after.compare(
            before,
            split=arguments.split,
            version=arguments.version,
            before_version=arguments.before_version,
            threshold=arguments.threshold,
        )
    out.answer(found.row)
    out.say(f"{after.name} ({found.after_version}) against {before.name} ({found.before_version}), {found.split}")
    if found.after_threshold is not None:
        out.say(f"At score {_score(found.before_threshold)} before, {_score(found.after_threshold)} after:")
    out.say(f"  fixed {found.fixed:,}, regressed {found.regressed:,}, p = {found.p_value:.3g} (McNemar, exact)")
    out.say(f"  unchanged {found.unchanged:,}, correct in both {found.ok:,}")
    rows = [(name, before, after) for name, (before, after) in found.metrics.items()]
    out.table(rows, ("metric", "before", "after"))


def _score(threshold: float | None) -> str:
    return "any" if threshold is None else f"{threshold:.4g}"


def failures(arguments: Namespace, out: Out) -> None:
    """One line each."""
    with client_of(arguments) as client:
        evaluation = Evaluation(client, client.get(f"evaluations/{arguments.evaluation}"))
        chosen = {"kind": arguments.kind, "threshold": arguments.threshold}
        found = list(islice(evaluation.failures(**chosen), arguments.limit))
        total = evaluation.count_failures(**chosen)
    keys = ("path", "kind", "label", "box", "predicted_label", "predicted_box", "score", "iou", "verdict", "url", "id")
    out.answer([{key: getattr(failure, key) for key in keys} for failure in found])
    at = f"at score {arguments.threshold:g}"
    if not total:
        out.say(f"No failures of this kind {at}.")
    else:
        more = f"; --limit {total} lists all" if total > len(found) else ""
        out.say(f"{len(found):,} of {count(total, 'failure')} {at}{more}.")
    lines = [(row.kind, row.label, row.predicted_label, row.score, row.path, row.url) for row in found]
    out.table(lines, ("kind", "label", "predicted", "score", "item", "page"))


def mine(arguments: Namespace, out: Out) -> None:
    """Create the round and its queue, or only say what it would select."""
    if not arguments.queue and not arguments.preview:
        raise BadInput("say how the queue shall be named: --queue NAME, or --preview to create none")
    with client_of(arguments) as client:
        run = run_meant(client, arguments.run)
        project = client.project_path(run.project)
        body = {
            "run": str(run.id),
            "strategies": arguments.strategy,
            "budget": arguments.budget,
            "random": arguments.random,
            "seed": arguments.seed,
            **({"queue": arguments.queue} if arguments.queue else {}),
        }
        answer = client.post(f"{project}/mining/preview" if arguments.preview else f"{project}/mining", body)
        if "verb" in answer:  # over many predictions it is a job's work
            result = client.wait(answer, "Mining")["result"]
            answer = result if arguments.preview else client.get(f"mining/{result['round']}")
    out.answer(answer)
    taken = int(answer["count"] if arguments.preview else answer["chosen"])
    of = f" of {arguments.budget:,}" if taken < arguments.budget else ""
    what = "would be selected" if arguments.preview else f"queued as {arguments.queue!r}"
    out.say(f"{count(taken, 'item')}{of} {what}.")
    for part in answer.get("strategies") or ():
        why = f": {part['reason']}" if part["reason"] else ""
        out.say(f"  {part['strategy']}: {part['taken']:,} selected of {part['fitting']:,} matching{why}")
    if "control" in answer:  # not from an older server, of a round
        out.say(f"  control: {answer['control']:,} at random")
    for note in answer.get("notes") or ():
        out.say(f"  {note}")
    if not arguments.preview:
        out.say(f"  {answer['url']}")
