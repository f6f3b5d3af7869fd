"""Classes of a whole item or region (Label Studio's Choices): one of some, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.shapes.answer import AnswerShape
from motherlode.shapes.shape import Asked, Broken

__all__ = ["ChoiceShape"]


class ChoiceShape(AnswerShape):
    """A choice says only its class."""

    kind = "choice"
    task = "classes"
    noun = "choice"
    tag = "Choices"
    result_type = "choices"
    element = "tag"
    labelled = True
    part = "Choice"
    control_name = "choice"
    choice = "single"
    attributes = frozenset({"name", "toName", "choice", "required"})
    looks = frozenset({"showInline", "showinline", "layout", "requiredMessage"})
    part_attributes = frozenset({"value", "hotkey", "hint", "selected"})
    part_looks = frozenset({"style", "color", "background", "category"})

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        if not isinstance(said, list) or not said:
            return Broken("label", "Nothing is chosen; leave the entry out instead.")
        if asked.single and len(said) != 1:
            return Broken("label", "Exactly one can be chosen.")
        if len({str(label) for label in said}) != len(said):
            return Broken("duplicate", "A choice stands twice.")
        return self.check_names(said, asked)

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        if len(selected) > 1 and attributes.get("choice", "single") != "multiple":
            raise ValueError("one can be chosen, and several are selected")
        return {"default": list(selected)} if selected else {}
