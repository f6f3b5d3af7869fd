"""Classes of a tree, of a whole item or region (Label Studio's Taxonomy): each is named by its path from the root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.shapes.answer import AnswerShape, whole_number
from motherlode.shapes.shape import Asked, Broken

__all__ = ["TaxonomyShape"]

WITHIN = " / "
"""Stands between the steps of a path."""


class TaxonomyShape(AnswerShape):
    """What is said are paths of names, `[["animal", "dog"], ...]`; the class of that one is `animal / dog`."""

    kind = "taxonomy"
    task = "taxonomies"
    noun = "taxonomy"
    tag = "Taxonomy"
    result_type = "taxonomy"
    labelled = True
    nested = True
    part = "Choice"
    control_name = "taxonomy"
    attributes = frozenset({"name", "toName", "required", "leafsOnly", "maxUsages", "placeholder"})
    looks = frozenset(
        {
            *("showFullPath", "pathSeparator", "maxWidth", "minWidth", "dropdownWidth", "minDropdownWidth", "legacy"),
            *("requiredMessage",),
        }
    )
    part_attributes = frozenset({"value", "hotkey", "hint", "selected"})
    part_looks = frozenset({"style", "color", "background", "category"})

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        if not isinstance(said, list) or not said:
            return Broken("label", "Nothing is chosen; leave the entry out instead.")
        for path in said:
            if not isinstance(path, list) or not path or not all(isinstance(step, str) for step in path):
                return Broken("label", f"{path!r:.60} is not a path of names.")
        names = self.names(said)
        if broken := self.check_names(names, asked):
            return broken
        if len(set(names)) != len(names):
            return Broken("duplicate", "A path stands twice.")
        most = asked.options.get("max_usages")
        if most is not None and len(names) > most:
            return Broken("label", f"{len(names)} are chosen; at most {most} can be.")
        if asked.options.get("leafs_only"):
            for name in names:
                if any(other.startswith(name + WITHIN) for other in asked.class_ids):
                    return Broken("label", f"{name!r} has others below it, one of which is to be chosen.")
        return None

    def names(self, said: Any) -> list[str]:
        return [self.class_name(path) for path in said or ()]

    def said(self, names: Sequence[str]) -> list[list[str]]:
        return [name.split(WITHIN) for name in names]

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        leafs = attributes.get("leafsOnly", "false").lower()
        if leafs not in ("true", "false"):
            raise ValueError(f'leafsOnly="{leafs}" must be true or false')
        found = {
            "leafs_only": leafs == "true" or None,
            "max_usages": whole_number(attributes, "maxUsages"),
            "placeholder": attributes.get("placeholder"),
            "default": self.said(selected) or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def class_name(self, path: Sequence[str]) -> str:
        for step in path:
            if WITHIN in f" {step} ":
                raise ValueError(f'"{step}" cannot be told from a path: "{WITHIN}" stands between its steps')
        return WITHIN.join(path)

    def renamed(self, name: str, old: str, new: str) -> str:
        """A class below the one that is renamed goes with it."""
        return new + name[len(old) :] if f"{name}{WITHIN}".startswith(f"{old}{WITHIN}") else name
