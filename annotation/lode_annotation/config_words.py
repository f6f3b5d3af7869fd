"""The elements of labeling configs and their attributes: what our editor acts on, and what it takes and leaves."""

from motherlode import relations
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.shapes import BY_TAG, PARTS

VIEW, HEADER = "View", "Header"

# What a control that is asked per region says of the regions that it is asked of.
PER_REGION = frozenset({"perRegion", "visibleWhen", "whenTagName", "whenLabelValue"})
SELECTED = "region-selected"
# What our editor acts on, by element.
MEANT = {
    VIEW: frozenset[str](),
    **{tag: frozenset({"name", "value"}) for tag in BY_OBJECT},
    HEADER: frozenset[str](),
    **{shape.opening: shape.attributes | (PER_REGION if shape.whole else frozenset()) for shape in BY_TAG.values()},
    **{
        part: frozenset().union(*(one.part_attributes for one in BY_TAG.values() if one.part == part)) for part in PARTS
    },
    relations.TAG: frozenset[str](),
    relations.PART: frozenset({"value"}),
}
# What Label Studio lets one say about looks; it changes no answer, so it is taken and not acted on.
LOOKS = {
    VIEW: {"style", "className", "idAttr", "classname"},
    **{tag: medium.looks for tag, medium in BY_OBJECT.items()},
    HEADER: {"value", "size", "style", "underline"},
    **{shape.opening: shape.looks for shape in BY_TAG.values()},
    **{shape.part: shape.part_looks for shape in BY_TAG.values() if shape.part},
    relations.TAG: set(),
    relations.PART: {"background", "style"},
}
# Defaults that some exports write out; said like this they ask for nothing we do not do.
HARMLESS = {
    ("perRegion", "false"),
    ("perItem", "false"),
    ("allowNested", "false"),
    ("allownested", "false"),
    ("transcription", "false"),
    ("displayMode", "tag"),
    ("choice", "single"),
    ("skeleton", "false"),
}
