"""The query language of items: what a text asks for, as conditions on rows.

``class:RBC and failure:missed and not split:test``: a term is a field, a sign and a value; words alone are part of a
path. Terms beside each other must all hold, as with ``and``; ``or``, ``not`` (or ``-`` before a term) and parentheses
mean what they mean everywhere, ``not`` before ``and`` before ``or``. A value with spaces or parentheses is put into
double quotes, in which a backslash makes the next sign stand for itself. Rooms add fields (`query_fields`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from django.utils.translation import gettext as _

from lode_platform.errors import BadInput

__all__ = ["All", "Any_", "BadQuery", "Not", "Query", "Term", "last_term", "parse", "quoted", "terms"]

MOST_SIGNS = 2000
MOST_TERMS = 50
DEPTH = 20

_SPACE = re.compile(r"\s*")
_FIELD = re.compile(r"([^\W\d][\w.-]*)(!=|<=|>=|:|=|<|>)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = re.compile(r'[^\s()"]+')


class BadQuery(BadInput):
    """A query that cannot be understood; ``start`` and ``end`` are where in its text the trouble lies."""

    code = "bad_query"

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message, field="query", at=[start, end])
        self.start, self.end = start, end


@dataclass(frozen=True, slots=True)
class Term:
    """A field, one of the signs ``: = != < <= > >=``, and a value; where they stand in the text."""

    field: str
    sign: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    of: "Query"


@dataclass(frozen=True, slots=True)
class All:
    """Parts that must all hold."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Any_:
    """Parts of which one must hold."""

    parts: "tuple[Query, ...]"


Query: TypeAlias = Term | Not | All | Any_


def parse(text: str) -> Query | None:
    """What the text asks for; None where it asks for nothing. Raises ``BadQuery``."""
    if len(text) > MOST_SIGNS:
        raise BadQuery(_("A query has at most %(n)s characters.") % {"n": MOST_SIGNS}, MOST_SIGNS, len(text))
    if "\0" in text:
        at = text.index("\0")
        raise BadQuery(_("A query holds no NUL characters."), at, at + 1)
    reader = _Reader(text)
    if reader.at == len(text):
        return None
    found = reader.any_of(0)
    if reader.at < len(text):  # what stops the reading of parts is a parenthesis
        raise BadQuery(_("This parenthesis was never opened."), reader.at, reader.at + 1)
    return found


def terms(query: Query | None) -> Iterator[Term]:
    """All terms, in the order of the text."""
    if isinstance(query, Term):
        yield query
    elif isinstance(query, Not):
        yield from terms(query.of)
    elif query is not None:
        for part in query.parts:
            yield from terms(part)


def quoted(value: str) -> str:
    """A value as a query holds it: in quotes where it has to be."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def last_term(text: str) -> tuple[str, str, str, int]:
    """The term that is being written at the end of a text: field, sign ("" while there is none) and value, and where
    the field or, once there is a sign, the value begins."""
    start = max(text.rfind(sign) for sign in " ()\n\t") + 1
    quote = re.search(r'(?:^|[\s(-])(?:[^\W\d][\w.-]*(?:!=|<=|>=|:|=|<|>))?"(?:[^"\\]|\\.)*$', text)
    if quote:  # spaces in an open quotation end no term
        start = quote.start() + (0 if quote[0][0] not in " \t\n(-" else 1)
    word = text[start:]
    if word.startswith("-"):
        start, word = start + 1, word[1:]
    found = _FIELD.match(word)
    if not found:
        return word, "", "", start
    return found[1], found[2], word[found.end() :].removeprefix('"'), start + found.end()


class _Reader:
    """Reads a text from its beginning to its end; ``at`` is how far it has come, never on a space."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.count = 0
        self._go(0)

    def _go(self, at: int) -> None:
        found = _SPACE.match(self.text, at)
        self.at = found.end() if found else at

    def _word(self) -> str:
        """The bare word ahead, in small letters; "" where there is none, or a field."""
        found = _PLAIN.match(self.text, self.at)
        return found[0].lower() if found and found[0].lower() in ("and", "or", "not") else ""

    def any_of(self, depth: int) -> Query:
        parts = [self._all_of(depth)]
        while self._word() == "or":
            self._go(self.at + 2)
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Any_(tuple(parts))

    def _all_of(self, depth: int) -> Query:
        parts = [self._one(depth)]
        while True:
            if self._word() == "and":
                self._go(self.at + 3)
            elif self.at == len(self.text) or self.text[self.at] == ")" or self._word() == "or":
                return parts[0] if len(parts) == 1 else All(tuple(parts))
            parts.append(self._one(depth))

    def _one(self, depth: int) -> Query:
        text, at = self.text, self.at
        if depth > DEPTH:
            said = _("A query has at most %(n)s parentheses and nots within each other.") % {"n": DEPTH}
            raise BadQuery(said, at, at + 1)
        word = self._word()
        if at == len(text) or text[at] == ")" or word in ("and", "or"):
            raise BadQuery(_("Something is missing here."), max(at - 1, 0), min(at + max(len(word), 1), len(text)))
        if word == "not":
            self._go(at + 3)
            return Not(self._one(depth + 1))
        if text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace():
            self._go(at + 1)
            return Not(self._one(depth + 1))
        if text[at] == "(":
            self._go(at + 1)
            found = self.any_of(depth + 1)
            if self.at == len(text):
                raise BadQuery(_("This parenthesis is never closed."), at, at + 1)
            self._go(self.at + 1)
            return found
        return self._term()

    def _term(self) -> Term:
        start = self.at
        self.count += 1
        if self.count > MOST_TERMS:
            raise BadQuery(_("A query has at most %(n)s terms.") % {"n": MOST_TERMS}, start, len(self.text))
        head = _FIELD.match(self.text, start)
        field, sign, at = (head[1], head[2], head.end()) if head else ("path", ":", start)
        value, end = self._value(at, start)
        self._go(end)
        return Term(field, sign, value, start, end)

    def _value(self, at: int, start: int) -> tuple[str, int]:
        if found := _QUOTED.match(self.text, at):
            return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL), found.end()
        if self.text[at : at + 1] == '"':
            raise BadQuery(_("This quotation mark is never closed."), at, at + 1)
        if plain := _PLAIN.match(self.text, at):
            return plain[0], plain.end()
        what = self.text[start:at]
        raise BadQuery(_("%(what)s is followed by no value.") % {"what": what}, start, max(at, start + 1))
