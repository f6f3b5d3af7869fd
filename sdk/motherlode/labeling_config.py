"""Writes Label Studio labeling configs: a new one for some labels, or an existing one with more labels.

Pure text: what is not added stays as it was written. The server and the client use the same functions, so a schema that
an import makes reads the same whoever makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.sax.saxutils import quoteattr

__all__ = ["CONTROLS", "Control", "Task", "add_labels", "build"]

Task: TypeAlias = Literal["boxes", "classes"]


@dataclass(frozen=True, slots=True)
class Control:
    """How a task's question is written: its tag, its name, the tag of its labels, and further attributes."""

    tag: str
    name: str
    label_tag: str
    attributes: str = ""


CONTROLS: Mapping[str, Control] = {
    "boxes": Control("RectangleLabels", "label", "Label"),
    "classes": Control("Choices", "choice", "Choice", ' choice="single"'),
}


def build(
    labels: Sequence[str], task: str, *, required: bool = False, categories: Mapping[str, int] | None = None
) -> str:
    """A config that asks for `labels` of `task` (a key of `CONTROLS`) on an image.

    `required`: an item without an answer cannot be submitted. `categories` gives the COCO category ids of labels.
    """
    control = CONTROLS[task]
    extra = control.attributes + (' required="true"' if required else "")
    return "\n".join(
        [
            "<View>",
            '  <Image name="image" value="$image"/>',
            f'  <{control.tag} name="{control.name}" toName="image"{extra}>',
            *(f"    {_label(control, label, categories)}" for label in labels),
            f"  </{control.tag}>",
            "</View>",
            "",
        ]
    )


def add_labels(
    config: str, labels: Sequence[str], *, task: str | None = None, categories: Mapping[str, int] | None = None
) -> str:
    """`config` with `labels` at the end of its control for `task`, by default of the first task that it asks for.

    Raises `ValueError` where the config has no such control.
    """
    for name in [task] if task else CONTROLS:
        control = CONTROLS[name]
        at = config.rfind(f"</{control.tag}")
        if at >= 0:
            indent = config[config.rfind("\n", 0, at) + 1 : at]
            pad = indent if not indent.strip() else ""
            rows = "".join(f"  {_label(control, label, categories)}\n{pad}" for label in labels)
            return config[:at] + rows + config[at:]
    raise ValueError("the config has no control to add labels to")


def _label(control: Control, label: str, categories: Mapping[str, int] | None) -> str:
    # `category` is Label Studio's own attribute for the id that a label has in COCO files
    category = f' category="{categories[label]}"' if categories and label in categories else ""
    return f"<{control.label_tag} value={quoteattr(label)}{category}/>"
