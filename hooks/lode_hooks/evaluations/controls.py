"""Which control of a schema predictions answer: one by name, or whatever controls ask for the task's kinds."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lode_annotation.models import SchemaRevision
from lode_datasets.models import Version
from lode_hooks.evaluations.evaluators import EVALUATORS
from lode_hooks.models import PredictionSet
from lode_platform.errors import BadInput
from motherlode.shapes import SHAPES


def chosen(version: Version, task: str, name: str) -> str:
    """The control that predictions of a task on a version are about; "" where no two ask for one kind.

    Raises BadInput where the schema has none, not the one that is named, or several of which none is.
    """
    tags = {SHAPES[kind].opening for kind in EVALUATORS[task].kinds}
    controls = [one for one in version.schema_revision.controls if not one.get("per_region")]
    asking = [control for control in controls if control["type"] in tags]
    if not asking:
        asked = " or ".join(f"<{tag}>" for tag in sorted(tags))
        raise BadInput(f"The schema of {version} has no {asked}, so there are no {task} to predict.", code="other_task")
    names = [control["name"] for control in asking]
    if name:
        if name not in names:
            raise BadInput(
                f"The schema of {version} has no control {name!r} for {task}; it has {', '.join(names)}.",
                code="no_control",
                field="control",
            )
        return name
    if max(Counter(control["type"] for control in asking).values()) > 1:
        raise BadInput(
            f"The schema of {version} has several controls for {task}: name one of {', '.join(names)} as control.",
            code="which_control",
            field="control",
        )
    return ""


def class_names(revision: SchemaRevision, predicted: PredictionSet) -> dict[int, str]:
    """The names, by permanent id, of the classes of a revision that the predictions may mean."""
    names = revision.said_names
    if not predicted.control:
        return names
    # the control may have another name in a later revision, but its classes keep their ids
    ids = _ids(predicted.version.schema_revision, predicted.control) | _ids(revision, predicted.control)
    return {number: name for number, name in names.items() if number in ids}


def _ids(revision: SchemaRevision, control: str) -> set[int]:
    return {int(row["id"]) for row in revision.classes if row["control"] == control}


def is_meant(region: Mapping[str, Any], predicted: PredictionSet, names: Mapping[int, str]) -> bool:
    """Whether a region or an answer of a label set is of the predictions' control; ``names`` are its classes'."""
    return not predicted.control or region["control"] == predicted.control or region.get("class_id") in names
