"""The objects of a labeling config: what is labelled, and which of an item's pictures a control is about.

A config has one object, or several pictures: the item's pages, in the order in which the config names them.
"""

from collections.abc import Iterator, Mapping, Sequence

from lode_annotation.config_tree import Node
from motherlode.media import BY_TAG, MEDIA, Image
from motherlode.shapes import Shape

MAX_PICTURES = 8
"""Of one config: they are seen side by side."""


def objects_of(root: Node) -> list[Node]:
    """The elements of a config that are labelled, in its order."""
    return [node for node in root.walk() if node.tag in BY_TAG]


def unsupported(root: Node) -> Iterator[tuple[int, str]]:
    """The objects that do not go together: several pictures do, nothing else does."""
    first, *more = objects_of(root) or [root]
    for number, node in enumerate(more, 2):
        if node.tag != first.tag:
            why = f"A <{node.tag}> beside a <{first.tag}>"
            yield node.line, f"{why} is not supported yet: a schema asks about one object, or about several <Image>."
        elif node.tag != Image.tag:
            yield node.line, f"A second <{node.tag}> is not supported yet: a schema asks about one, or several <Image>."
        elif number == MAX_PICTURES + 1:
            yield node.line, f"More than {MAX_PICTURES} <{node.tag}> are not supported: they are seen side by side."


def wrong(objects: Sequence[Node]) -> Iterator[tuple[int, str]]:
    """What the values of objects may not be: one is `$image` or `$text`, several are each another's."""
    if not objects:
        known = " and no ".join(f'<{one.tag} name="{one.kind}" value="${one.kind}"/>' for one in BY_TAG.values())
        yield 1, f"There is no {known}: nothing to label."
    seen: set[str] = set()
    for node in objects:
        value, wanted = node.attributes.get("value", ""), f"${BY_TAG[node.tag].kind}"
        if len(objects) == 1:
            if value != wanted:
                yield node.line, f'<{node.tag} value="{value}"> must be value="{wanted}".'
        elif len(value) < 2 or not value.startswith("$"):
            yield node.line, f'<{node.tag} value="{value}"> must name a field of the item, such as value="{wanted}1".'
        elif value in seen:
            yield node.line, f'Two <{node.tag}> have value="{value}"; each picture has its own.'
        elif "," in node.attributes.get("name", ""):
            yield node.line, f'<{node.tag} name="{node.attributes["name"]}"> must be a name without commas.'
        seen.add(value)


def wrong_target(node: Node, shape: Shape, objects: Mapping[str | None, Node]) -> Iterator[tuple[int, str]]:
    """What is wrong with the objects that a control names in ``toName``."""
    said = node.attributes.get("toName") or ""
    targets = said.split(",") if shape.compares else [said]
    if not all(target in objects for target in targets):
        named = " or ".join(f"<{tag}>" for tag in dict.fromkeys(one.tag for one in objects.values()) or BY_TAG)
        yield node.line, f'<{node.tag} toName="{said}"> names no {named}.'
    elif shape.compares and not len(targets) == len(set(targets)) == shape.compares:
        yield node.line, f'<{node.tag} toName="{said}"> must name {shape.compares} pictures, with a comma between.'
    elif not shape.fits(BY_TAG[objects[targets[0]].tag].kind):
        tag = objects[targets[0]].tag
        whole = " or ".join(MEDIA[kind].one for kind in sorted(shape.media))
        yield node.line, f"<{node.tag}> about a <{tag}> is not supported: {shape.one} is part of {whole}."


def page_of(node: Node, objects: Sequence[Node]) -> int | None:
    """Which of several pictures a control is about, from 0 on; None where there is one object, or where it compares."""
    names = [one.attributes.get("name") for one in objects]
    target = node.attributes.get("toName")
    return names.index(target) if len(names) > 1 and target in names else None


def compared(node: Node, shape: Shape, objects: Sequence[Node]) -> tuple[int, ...]:
    """The pictures that a control compares, from 0 on; none where it is about one."""
    names = [one.attributes.get("name") for one in objects]
    return tuple(names.index(target) for target in node.attributes["toName"].split(",")) if shape.compares else ()
