"""What the labels of predictions mean: names of the schema, whole numbers only as the caller says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from motherlode.errors import BadInput
from motherlode.outlines import plain_outline
from motherlode.predictions import BadPrediction, Prediction, plain
from motherlode.samples import Samples

__all__ = ["Names", "Naming"]

Names: TypeAlias = Sequence[str] | Mapping[int, str]
"""A model's class names by index: a list, or a mapping as Ultralytics' `model.names` is one."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Turns labels into names of a version's schema.

    `classes` are those that labels may mean, by permanent id. A whole number is an index of `names`, or with
    `class_ids` a permanent class id, or else refused: frameworks count their classes from 0, class ids begin at 1.
    `control` names the control meant, "" where none was named.
    """

    version: str
    classes: Mapping[int, str]
    names: Mapping[int, str] | None = None
    class_ids: bool = False
    control: str = ""
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", frozenset(self.classes.values()))

    @classmethod
    def of(
        cls,
        samples: Samples,
        names: Names | None = None,
        ids: Literal["class"] | None = None,
        control: str | None = None,
    ) -> Naming:
        """What a caller of `log_predictions` says of its labels. Raises `BadInput`."""
        if ids not in (None, "class"):
            raise BadInput(f"ids={ids!r}: say ids='class' where numbers are permanent class ids, names= for indices")
        if ids is not None and names is not None:
            raise BadInput("numbers are indices of names=, or permanent class ids by ids='class', not both")
        classes = samples.classes
        if control is not None:
            classes = samples.classes_of(control)
        return cls(samples.name, classes, None if names is None else _by_index(names), ids == "class", control or "")

    def name(self, path: str, label: str | int) -> str:
        """The name that the label of the item at `path` means. Raises `BadPrediction`."""
        if isinstance(label, str):
            if label in self.known:
                return label
            raise self._unknown(path, repr(label))
        if self.names is not None:
            if label not in self.names:
                raise BadPrediction(
                    f"{path}: the label {label} is not an index of names=, which are {_listed(self.names)}"
                )
            name = self.names[label]
            if name in self.known:
                return name
            raise self._unknown(path, f"the label {label}, by names= {name!r},")
        if self.class_ids:
            if label not in self.classes:
                raise BadPrediction(
                    f"{path}: the label {label} is not a class id of {self.version}: it has {_listed(self.classes)}"
                )
            return self.classes[label]
        raise BadPrediction(
            f"{path}: the label {label} is a number, which may be an index (from 0) or a class id (from 1): pass"
            " names=model.names, or names=samples.names for indices of it, or ids='class' for permanent class ids"
        )

    def _unknown(self, path: str, said: str) -> BadPrediction:
        known = ", ".join(self.classes.values())
        return BadPrediction(f"{path}: {said} is not a class of {self.version}; it has {known}")

    def line(self, prediction: Prediction) -> dict[str, Any]:
        """The prediction as one JSON object in which every class is a name. Raises `BadPrediction`."""
        path = prediction.path
        if prediction.task != "classes":
            means = {label: self.name(path, label) for label in dict.fromkeys(prediction.labels)}
            labels = [means[label] for label in prediction.labels]
            told: dict[str, Any] = {"labels": labels, "scores": list(prediction.scores)}
            if prediction.frames is not None:
                told["frames"] = list(prediction.frames)
            if prediction.polygons is not None:
                return {"path": path, "polygons": [plain_outline(each) for each in prediction.polygons], **told}
            if prediction.places is not None:
                return {"path": path, prediction.task: list(prediction.places), **told}
            return {"path": path, "boxes": [list(box) for box in prediction.boxes or ()], **told}
        row: dict[str, Any] = {"path": path}
        shares = prediction.probabilities
        if shares is not None:
            pairs = shares.items() if isinstance(shares, Mapping) else self._in_order(path, shares)
            named: dict[str, float] = {}
            for label, share in pairs:
                name = self.name(path, label)
                named[name] = named.get(name, 0.0) + share
            row["probabilities"] = named
        said = prediction.label
        row["label"] = max(named, key=lambda name: named[name]) if said is None else self.name(path, said)
        return row

    def _in_order(self, path: str, shares: Sequence[float]) -> list[tuple[int, float]]:
        if self.names is None:
            raise BadPrediction(f"{path}: probabilities without labels need names=model.names, in their order")
        if len(shares) != len(self.names):
            raise BadPrediction(f"{path}: {len(shares)} probabilities, but names= has {len(self.names)}")
        return list(zip(sorted(self.names), shares, strict=True))


def _by_index(names: Names) -> dict[int, str]:
    pairs = names.items() if isinstance(names, Mapping) else enumerate(_sequence(names))
    found: dict[int, str] = {}
    for number, name in pairs:
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(name, str):
            raise BadInput(f"names= are texts by index, as ['cat', 'dog'] or {{0: 'cat'}}; one is {number!r}: {name!r}")
        found[number] = name
    return found


def _sequence(names: Any) -> Sequence[Any]:
    found = plain(names)
    if not isinstance(found, (list, tuple)):
        raise BadInput(f"names= is {names!r}: give the model's class names in the order of their indices")
    return found


def _listed(names: Mapping[int, str], most: int = 20) -> str:
    shown = ", ".join(f"{number} {name}" for number, name in list(names.items())[:most])
    return f"{shown}, ..." if len(names) > most else shown
