"""XML from outside: parsed without document types, so that no entity can unfold."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

__all__ = ["parse_xml", "root_of"]


def parse_xml(text: str) -> Element:
    """Parse XML that declares no document type, so that no entity can unfold. Raises ExpatError or ValueError."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(encoding="utf-8")  # whatever the text was declared to be before it was decoded

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type, which labels never need")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes) and None
    parser.EndElementHandler = lambda tag: builder.end(tag) and None
    parser.CharacterDataHandler = builder.data
    parser.Parse(text.encode(), True)
    root: Element = builder.close()
    return root


def root_of(text: str) -> str:
    """The name of the first element that a text names, be it well-formed or not; "" where it names none."""
    found = re.search(r"<([A-Za-z_][\w.-]*)", re.sub(r"<[?!][^>]*>", "", text[:65536]))
    return found[1] if found else ""
