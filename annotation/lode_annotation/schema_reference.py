"""docs/schema-reference.md, written from the registries: what a labeling config may hold, and what is refused. Pure."""

from collections.abc import Collection, Iterable

from lode_annotation.config_words import HARMLESS, HEADER, LOOKS, MEANT, PER_REGION, VIEW
from lode_annotation.schema_templates import TEMPLATES
from motherlode import relations
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.media import MEDIA
from motherlode.shapes import BY_TAG, PARTS, SHAPES, Shape

SEVERAL = "regions get the label in hand, so one control asks for both: use the tag with `Labels` at its end"
REFUSED = {
    **dict.fromkeys(("Rectangle", "Polygon", "Vector", "Ellipse", "KeyPoint", "Brush"), SEVERAL),
    **dict.fromkeys(("Bitmask", "BitmaskLabels", "MagicWand"), f"use `{SHAPES['mask'].tag}`, which has a wand"),
    **dict.fromkeys(("HyperText", "HyperTextLabels"), "pages of HTML are not shown; import their text"),
    **dict.fromkeys(("Paragraphs", "ParagraphLabels"), "dialogues are not shown; import their text"),
    **dict.fromkeys(("Audio", "TimelineLabels", "Video", "VideoRectangle"), "sound and video are not labelled yet"),
    **dict.fromkeys(("TimeSeries", "TimeSeriesLabels"), "series of numbers are not labelled yet"),
    "DateTime": "dates are not asked for; use a `TextArea`",
    "Shortcut": "the keys of labels are said by their `hotkey`",
    "Table": "tables are not shown; an item's metadata stand beside the picture",
    "PDF": "documents are labelled as pictures of their pages, or as text",
    "Chat": "conversations are not shown; import their text",
    "Repeater": "name each of an item's pictures: see [pictures of one item](labeling.md#pictures-of-one-item)",
    "Style": "pages have one stylesheet",
    "Collapse": "the editor folds what it has no room for by itself",
    "Filter": "long lists of labels are searched by themselves",
}  # fmt: skip
"""Label Studio's tags that are refused by name, each with the reason and what to do instead."""


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words)) or "-"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _asks(shape: Shape) -> str:
    kind = "an answer about the item" if shape.whole else "regions"
    return f"{shape.task}: {kind}"


def _control(shape: Shape) -> str:
    about = " or ".join(f"`{MEDIA[kind].tag}`" for kind in MEDIA if shape.fits(kind))
    about = "two `Image`" if shape.compares else about
    meant = shape.attributes - {"name", "toName"} | (PER_REGION if _is_asked_per_region(shape) else frozenset())
    classes = f"`{shape.part}`" if shape.labelled else "-"
    return _row(f"`<{shape.opening}>`", _asks(shape), about, classes, _code(meant), _code(shape.looks))


def _is_asked_per_region(shape: Shape) -> bool:
    try:
        shape.options({"perRegion": "true"}, ())
    except ValueError:
        return False
    return shape.whole


def _part(part: str) -> str:
    homes = [shape.opening for shape in BY_TAG.values() if shape.part == part and shape.labelled]
    return _row(f"`<{part}>`", _code(homes), _code(MEANT[part]), _code(LOOKS[part]))


def _table(*names: str) -> list[str]:
    return [_row(*names), _row(*("---" for _ in names))]


def _plain(tags: Collection[str]) -> list[str]:
    return [_row(f"`<{tag}>`", _code(MEANT[tag]), _code(LOOKS[tag])) for tag in tags]


def as_markdown() -> str:
    """docs/schema-reference.md, whole."""
    lines = [
        "# Schema reference",
        "",
        "A schema is a Label Studio labeling config. This page says of each of its tags whether a schema may hold it,",
        "which attributes are acted on, and which are taken and change nothing, as they say how Label Studio looks.",
        "Any other tag or attribute is refused by its name and line before any task exists; nothing is passed over.",
        "How each control is used stands in [Labelling](labeling.md#what-a-schema-can-ask).",
        "",
        "## Objects",
        "",
        "What is labelled: one of these, or several `<Image>` for the pictures of one item.",
        "",
        *_table("tag", "acted on", "taken"),
        *_plain(BY_OBJECT),
        "",
        "## Controls",
        "",
        "What is asked. Each has a `name` and the `toName` of its object; `choice` is single for all but `<Choices>`.",
        "",
        *_table("tag", "asks for", "about", "classes", "acted on", "taken"),
        *(_control(shape) for shape in BY_TAG.values()),
        _row(f"`<{relations.TAG}>`", "classes of links between regions", "any", f"`{relations.PART}`", "-", "-"),
        "",
        "## Classes",
        "",
        *_table("tag", "within", "acted on", "taken"),
        *(_part(part) for part in PARTS),
        _row(
            f"`<{relations.PART}>`", _code([relations.TAG]), _code(MEANT[relations.PART]), _code(LOOKS[relations.PART])
        ),
        "",
        "## Around them",
        "",
        *_table("tag", "acted on", "taken"),
        *_plain((VIEW, HEADER)),
        "",
        "These are taken on any tag, as they say what is so anyhow: "
        + ", ".join(f'`{name}="{value}"`' for name, value in sorted(HARMLESS))
        + ".",
        "",
        "## Refused",
        "",
        *_table("tag", "why, and what to do instead"),
        *(_row(f"`<{tag}>`", why) for tag, why in sorted(REFUSED.items())),
        "",
        "## Examples",
        "",
        "The templates of a new schema, each a whole config.",
    ]
    for template in TEMPLATES:
        lines += ["", f"### {template.title}", "", "```xml", template.config.rstrip(), "```"]
    return "\n".join([*lines, ""])
