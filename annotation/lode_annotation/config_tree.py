"""The elements of a labeling config with their lines, and how a config is refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from lode_platform.errors import BadInput

MAX_CONFIG_BYTES = 256 * 1024
MAX_DEPTH = 20


@dataclass(slots=True)
class Node:
    """An element of a config, and the line that it begins in."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: "list[Node]" = field(default_factory=list)

    def walk(self) -> "Iterator[Node]":
        """The element and all below it, in the order of the config."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def values(self) -> list[str]:
        """The values of its children."""
        return [child.attributes.get("value", "") for child in self.children]

    def says(self, name: str) -> bool:
        """Whether an attribute is "true"."""
        return self.attributes.get(name, "").lower() == "true"


def refuse(problems: Sequence[tuple[int, str]]) -> None:
    """Raises ``BadInput`` (code ``bad_config``) with the first twenty problems, each with its line."""
    rows = [{"line": line, "error": text} for line, text in sorted(problems, key=lambda row: row[0])[:20]]
    first = rows[0]
    raise BadInput(f"Line {first['line']}: {first['error']}", code="bad_config", problems=rows)


def tree_of(xml: str) -> Node:
    """The elements with their lines; no document type, so that no entity can unfold."""
    if len(xml.encode()) > MAX_CONFIG_BYTES:
        refuse([(1, f"The config is larger than {MAX_CONFIG_BYTES // 1024} KiB.")])
    if not xml.strip():
        refuse([(1, "The config is empty; it begins with <View>.")])
    parser = expat.ParserCreate()
    top = Node("", {}, 0)
    stack = [top]

    def doctype(*_: object) -> None:
        refuse([(parser.CurrentLineNumber, "A document type (<!DOCTYPE ...>) is not allowed in a config.")])

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            refuse([(parser.CurrentLineNumber, f"Elements are nested more than {MAX_DEPTH} deep.")])
        node = Node(tag, attributes, parser.CurrentLineNumber)
        stack[-1].children.append(node)
        stack.append(node)

    def end(_: str) -> None:
        stack.pop()

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        words = expat.ErrorString(error.code) or "cannot be read"
        refuse([(error.lineno, f"This is not well-formed XML: {words} (column {error.offset + 1}).")])
    except ValueError as error:
        refuse([(1, f"This is not well-formed XML: {error}.")])
    return top.children[0]
