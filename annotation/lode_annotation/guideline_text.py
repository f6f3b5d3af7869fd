"""Guidelines as pages show them: a little Markdown, and nothing that a browser would run. Pure.

Paragraphs, lists (``-`` or ``1.`` at the beginning of a line), ``**bold**``, ``*italic*``, `` `code` `` and
``[text](https://...)``. All else is shown as it is written.
"""

import re
from collections.abc import Iterator, Sequence

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

_MARKS = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|\*(?P<em>[^*\s](?:[^*\n]*[^*\s])?)\*"
    r"|\[(?P<words>[^\]\n]+)\]\((?P<url>https?://[^\s()<>\"']+)\)"
)
_BULLET = re.compile(r"\s*[-*]\s+(?P<text>\S.*)")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s+(?P<text>\S.*)")


def shown(text: str) -> SafeString:
    """A guideline as HTML, "" for none."""
    return SafeString("".join(_block(lines) for lines in _blocks(text)))


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines of each paragraph and list: they end at an empty line, and where the other kind begins."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if lines and (not line.strip() or _kind(line) != _kind(lines[0])):
            yield lines
            lines = []
        if line.strip():
            lines.append(line)


def _kind(line: str) -> str:
    return "ul" if _BULLET.fullmatch(line) else "ol" if _NUMBER.fullmatch(line) else "p"


def _block(lines: Sequence[str]) -> SafeString:
    kind = _kind(lines[0])
    if kind == "p":
        return format_html("<p>{}</p>", SafeString("<br>".join(_inline(line.strip()) for line in lines)))
    found = [_BULLET.fullmatch(line) or _NUMBER.fullmatch(line) for line in lines]
    rows = "".join(format_html("<li>{}</li>", _inline(row["text"])) for row in found if row)
    return SafeString(f"<{kind}>{rows}</{kind}>")


def _inline(line: str) -> SafeString:
    parts, at = [], 0
    for mark in _MARKS.finditer(line):
        parts.append(conditional_escape(line[at : mark.start()]))
        if mark["url"]:
            link = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
            parts.append(format_html(link, mark["url"], mark["words"]))
        else:
            name = str(mark.lastgroup)
            parts.append(format_html(f"<{name}>{{}}</{name}>", mark[name]))
        at = mark.end()
    parts.append(conditional_escape(line[at:]))
    return SafeString("".join(parts))
