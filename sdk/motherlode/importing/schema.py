"""Making the project, the schema and the dataset that an import needs, where they are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from motherlode import labeling_config
from motherlode.errors import BadInput, NotAllowed, NotFound
from motherlode.formats.source import Problem
from motherlode.formats.values import BadValue, label_name
from motherlode.importing.report import ImportReport
from motherlode.importing.sending import item_path
from motherlode.importing.source import Source
from motherlode.importing.target import Target
from motherlode.labeling_config import Task
from motherlode.media import MEDIA
from motherlode.shapes import BY_TAG, BY_TASK, DEFAULT
from motherlode.xml_text import parse_xml

__all__ = ["Maker", "task_asked"]

PLACEHOLDER = "object"
MAX_LABELS = 1000  # that a schema holds


class Maker:
    """Makes what is missing, and says so."""

    def __init__(self, target: Target, report: ImportReport, say: Callable[[str], None]) -> None:
        self._target = target
        self._client = target.client
        self._options = target.options
        self._report = report
        self._say = say
        self._project = target.project

    def _tell(self, text: str) -> None:
        self._report.made.append(text)
        self._say(text)

    def project(self) -> None:
        if self._target.is_there:
            return
        try:
            self._client.get(self._project)
        except NotFound:
            try:
                self._client.post("projects", {"name": self._options.project, "title": ""})
            except NotAllowed as error:
                raise NotAllowed(
                    f"there is no project {self._options.project!r} that you may see, and this token cannot make one:"
                    f" {error}",
                    error.status,
                    error.code,
                    error.facts,
                ) from None
            self._tell(f"made the project {self._options.project!r}")

    def check(self, source: Source) -> None:
        """Make sure, before anything is made, that the schema can hold the labels. Raises `BadInput`."""
        if source.config:
            self._check_config(source)
            return
        labels = self._labels(source)
        if len(labels) > MAX_LABELS:
            raise BadInput(f"the source has {len(labels):,} labels, and a schema holds {MAX_LABELS:,}: bring fewer")
        found = self._target.schema()
        if found is not None:
            self._check_medium(found, source)
            self._check_task(found, source)
            self._check_parts(found, source)
            new = self._new(found, labels, source)
            config = self._with_labels(found, new, source) if new else ""
            self._compare_numbers(found, source)
        else:
            config = self._new_config(labels, source)
        if config:
            self._ask(config, "no schema can be made of the labels found")

    def _ask(self, config: str, what: str) -> None:
        """Raises `BadInput` where no schema can have the config."""
        answer = self._client.post("schemas/check", {"config": config}, repeatable=True)
        if not answer["ok"]:
            why = "; ".join(str(problem["error"]) for problem in answer["problems"][:5])
            raise BadInput(f"{what}, so nothing was brought in: {why}")

    def _check_config(self, source: Source) -> None:
        """That the schema has all that the config asks, or can be made of it. Raises `BadInput`."""
        found = self._target.schema()
        if found is None:
            self._ask(
                source.config, f"{source.config_file}: the labeling config asks for what a schema here cannot have"
            )
            return
        known = {row["name"]: (row["type"], _labels_of(row)) for row in found["controls"]}
        for name, (opening, labels) in labeling_config.controls_of(parse_xml(source.config)).items():
            kind, have = known.get(name, ("", set[str]()))
            if kind != opening or not have.issuperset(labels):
                raise BadInput(
                    f"the schema {found['name']!r} has no <{opening}> {name!r} with the labels"
                    f" {', '.join(labels)}, so nothing was brought in; import into another dataset"
                )

    def _check_medium(self, schema: Mapping[str, Any], source: Source) -> None:
        asked = MEDIA[labeling_config.medium_of(str(schema["config"]))]
        if asked is not source.medium:
            raise BadInput(
                f"the source holds {source.medium.plural}, and the schema {schema['name']!r} asks about"
                f" {asked.plural}, so nothing was brought in; import them into another dataset"
            )

    def _check_task(self, schema: Mapping[str, Any], source: Source) -> None:
        tag, control = BY_TASK[source.task].opening if source.task else "", self._options.control
        if control and tag and _named(schema, control)["type"] != tag:
            raise BadInput(
                f"the labels found are {source.task}, and the control {control!r} of the schema {schema['name']!r} is"
                f" for others, so nothing was brought in; it has {_controls(schema)}"
            )
        asking = self._asking(schema, source)
        for label in () if control else source.labels:
            if len(having := [row for row in asking if label in _labels_of(row)]) > 1:
                raise BadInput(
                    f"the label {label!r} stands under {' and '.join(row['name'] for row in having)} in the schema"
                    f" {schema['name']!r}, and the labels do not say which they answer: name it with --control"
                )
        if tag and all(row["type"] != tag for row in schema["controls"]):
            raise BadInput(
                f"the labels found are {source.task}, and the schema {schema['name']!r} has no <{tag}> for them, so"
                " nothing was brought in; import them into another dataset"
            )

    def _check_parts(self, schema: Mapping[str, Any], source: Source) -> None:
        """What the schema's classes are made of is what the source says: regions hold to it."""
        for control in self._asking(schema, source):
            shape, classes = BY_TAG[control["type"]], control.get("options", {}).get("classes", {})
            for label, asks in source.asks.items():
                if label in classes and (was := shape.fixed(classes[label])) != (now := shape.fixed(asks)):
                    raise BadInput(
                        f"the source says that {label!r} is made of {now}, and the schema {schema['name']!r} has it of"
                        f" {was}, so nothing was brought in; give the label another name, or take another dataset"
                    )

    def notes(self, source: Source) -> list[dict[str, Any]]:
        """What the next import of the same would say of the schema as it now is."""
        found, before = self._target.schema(), len(self._report.problems)
        if found is not None:
            self._compare_numbers(found, source)
        notes = self._report.problems[before:]
        del self._report.problems[before:]
        return notes

    def _compare_numbers(self, schema: Mapping[str, Any], source: Source) -> None:
        """Say where the schema that is there numbers a class in another way than the source's list does."""
        asking = self._asking(schema, source)
        ids = {str(label["value"]): int(label["class_id"]) for control in asking for label in control["labels"]}
        for found in source.classes:
            other = [label for at, label in found.names.items() if ids.get(label, at + 1) != at + 1 and not found.ids]
            if other:
                at = next(number for number, label in found.names.items() if label == other[0])
                what = f"class {at} is {other[0]!r}, which the schema {schema['name']!r} has as {ids[other[0]] - 1}"
                row = Problem("note", found.file, "names", what, "YOLO files written from it number as the schema does")
                self._report.problems.append(row.as_json())

    def there(self, source: Source) -> dict[str, str]:
        """The uuids, by path, of the items that are labelled without an image beside. Raises `BadInput` for none."""
        absent = {item_path(record, self._options) for record in source.records if not record.present}
        if not absent:
            return {}
        try:
            rows = list(self._client.pages(f"{self._project}/items", limit=1000))
        except NotFound:
            rows = []
        found = {str(row["path"]): str(row["uuid"]) for row in rows if row["path"] in absent}
        if not found and not any(record.present for record in source.records):
            raise BadInput(
                f"the labels speak of {len(absent):,} images such as {min(absent)!r}; none lies beside them, and the"
                f" project {self._options.project!r} has none, so nothing was brought in; put the images beside them"
            )
        return found

    def schema(self, source: Source) -> Mapping[str, Any]:
        """The schema that the labels go under: the dataset's, one of the dataset's name, or a new one."""
        labels = self._labels(source)
        found = self._target.schema()
        if found is None:
            return self._make_schema(labels, source)
        if not source.config:
            self._extend(found, labels, source)
        return found

    def _labels(self, source: Source) -> list[str]:
        """The labels found and those asked for. Raises `BadInput` for a name that no schema can hold."""
        try:
            asked = [label_name(label) for label in self._options.labels]
        except BadValue as error:
            raise BadInput(f"--labels: {error}") from None
        return list(dict.fromkeys([*source.labels, *asked]))

    def _make_schema(self, labels: list[str], source: Source) -> dict[str, Any]:
        if not labels and not source.config:
            self._tell(
                f"no labels were found: the schema starts with one, {PLACEHOLDER!r}; change it under Schemas,"
                " or name them with --labels"
            )
        config = self._new_config(labels, source)
        body = {"name": self._options.dataset, "title": "", "config": config}
        made: dict[str, Any] = self._client.post(f"{self._project}/schemas", body)
        self._target.put_schema(made)
        if source.config:
            self._tell(f"made the schema {self._options.dataset!r} from its labeling config")
        shown = ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
        if labels:
            self._tell(f"made the schema {self._options.dataset!r} from the labels found: {shown}")
        return made

    def _new_config(self, labels: Sequence[str], source: Source) -> str:
        if source.config:
            return source.config
        whole = next(shape.task for shape in BY_TASK.values() if shape.whole)
        usual = DEFAULT.task if DEFAULT.fits(source.medium.kind) else whole
        task = source.task or self._options.task or usual
        names, kind = labels or [PLACEHOLDER], source.medium.kind
        control = self._options.control
        return labeling_config.build(
            names, task, categories=source.categories, medium=kind, control=control, parts=source.parts
        )

    def _with_labels(self, schema: Mapping[str, Any], labels: Sequence[str], source: Source) -> str:
        try:
            return labeling_config.add_labels(
                str(schema["config"]),
                labels,
                task=source.task,
                categories=source.categories,
                control=self._options.control,
                parts=source.parts,
            )
        except ValueError:
            what = f"the schema has no labels to add {', '.join(labels)} to"
            raise BadInput(f"{what}; add them under Schemas and import again") from None

    def _new(self, schema: Mapping[str, Any], labels: Iterable[str], source: Source) -> list[str]:
        """The labels that no control for the source's kind has yet: a class belongs to its control."""
        known = {label for control in self._asking(schema, source) for label in _labels_of(control)}
        return [label for label in labels if label not in known]

    def _asking(self, schema: Mapping[str, Any], source: Source) -> list[Mapping[str, Any]]:
        """The controls that the source's labels may answer. Raises `BadInput` where the one named is not there."""
        if self._options.control:
            return [_named(schema, self._options.control)]
        tag = BY_TASK[source.task].opening if source.task else ""
        asking = [control for control in schema["controls"] if not control.get("per_region")]
        return [control for control in asking if control["type"] == tag or (not tag and control["type"] in BY_TAG)]

    def _extend(self, schema: Mapping[str, Any], labels: list[str], source: Source) -> None:
        new = self._new(schema, labels, source)
        if not new:
            return
        body = {
            "config": self._with_labels(schema, new, source),
            "message": f"Labels found by an import: {', '.join(new)}"[:300],
        }
        made = self._client.post(f"schemas/{schema['uuid']}/revisions", body)
        self._target.put_schema({**schema, **{key: made[key] for key in ("config", "controls", "revision")}})
        self._tell(f"added to the schema {schema['name']!r}: {', '.join(new)}")

    def dataset(self, schema: Mapping[str, Any]) -> None:
        if self._target.dataset() is not None:
            return
        body: dict[str, Any] = {"name": self._options.dataset, "title": "", "schema": schema["uuid"]}
        if self._options.split_policy:
            body["split_policy"] = dict(self._options.split_policy)
        self._target.put_dataset(self._client.post(f"{self._project}/datasets", body))
        self._tell(f"made the dataset {self._options.dataset!r}")


def _named(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The control of that name. Raises `BadInput`."""
    controls: list[Mapping[str, Any]] = [one for one in schema["controls"] if one["type"] in BY_TAG]
    found = next((control for control in controls if control["name"] == name), None)
    if found is None:
        raise BadInput(f"the schema {schema['name']!r} has no control {name!r}; it has {_controls(schema)}")
    return found


def _controls(schema: Mapping[str, Any]) -> str:
    known = [control for control in schema["controls"] if control["type"] in BY_TAG]
    return ", ".join(f"{control['name']} ({BY_TAG[control['type']].task})" for control in known)


def _labels_of(control: Mapping[str, Any]) -> set[str]:
    return {str(label["value"]) for label in control["labels"]}


def task_asked(target: Target) -> Task | None:
    """What labels are to be read as: as was asked, else by the control named, else the one kind of regions that the
    schema there asks for."""
    options = target.options
    if options.task:
        return options.task
    found = target.schema()
    if found and options.control:
        return BY_TAG[_named(found, options.control)["type"]].task
    shapes = [BY_TAG[one["type"]] for one in found["controls"] if one["type"] in BY_TAG] if found else []
    placed = {shape.task for shape in shapes if not shape.whole}
    return placed.pop() if len(placed) == 1 else None
