"""Texts that annotators write (Label Studio's TextArea): of a whole item or region, one or several under a control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.shapes.answer import AnswerShape, whole_number
from motherlode.shapes.shape import Asked, Broken

__all__ = ["TextShape"]

MOST = 100_000
"""Characters of a text."""


class TextShape(AnswerShape):
    """What is said is a list of texts."""

    kind = "text"
    task = "texts"
    noun = "text"
    tag = "TextArea"
    result_type = "textarea"
    value_key = "text"
    control_name = "text"
    attributes = frozenset(
        {"name", "toName", "required", "value", "placeholder", "rows", "maxSubmissions", "skipDuplicates"}
    )
    looks = frozenset({"label", "editable", "showSubmitButton", "requiredMessage"})

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
            return Broken("text", f"What is written is {said!r:.60}, not a list of texts.")
        if not any(text.strip() for text in said):
            return Broken("text", "Nothing is written; leave the entry out instead.")
        if any(len(text) > MOST for text in said):
            return Broken("text", f"A text has more than {MOST:,} characters.")
        most = asked.options.get("max_submissions")
        if most is not None and len(said) > most:
            return Broken("text", f"{len(said)} texts are written; at most {most} are taken.")
        if asked.options.get("skip_duplicates") and len(set(said)) != len(said):
            return Broken("duplicate", "A text stands twice.")
        return None

    def alike(self, one: Any, two: Any) -> float:
        """Whether they are the same texts, however many spaces and line ends are between their words."""
        return float([text.split() for text in one] == [text.split() for text in two])

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        first = attributes.get("value", "")
        if first.startswith("$"):
            raise ValueError(f'value="{first}" taken from the item\'s data is not supported yet')
        skip = attributes.get("skipDuplicates", "false").lower()
        if skip not in ("true", "false"):
            raise ValueError(f'skipDuplicates="{skip}" must be true or false')
        found = {
            "max_submissions": whole_number(attributes, "maxSubmissions"),
            "rows": whole_number(attributes, "rows"),
            "placeholder": attributes.get("placeholder"),
            "skip_duplicates": skip == "true" or None,
            "default": [first] if first.strip() else None,
        }
        return {name: value for name, value in found.items() if value is not None}
