"""Tables as label files are: rows of cells, read as they come, whatever separates them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from motherlode.formats.source import Files
from motherlode.formats.values import BadValue

__all__ = ["ENDINGS", "Row", "named", "rows_of", "write_table"]

ENDINGS = (".csv", ".tsv")
SEPARATORS = ",;\t|"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

Row = tuple[int, list[str]]
"""The number of the line that a row ends in, from 1, and its cells, trimmed."""


def rows_of(files: Files, name: str) -> Iterator[Row]:
    """The rows of a table that hold anything. Raises OSError, or BadValue where the file cannot be read on."""
    stream = files.open(name)
    with io.TextIOWrapper(stream, encoding=_encoding(stream), newline="") as text:
        try:
            first = text.readline()
            told = re.fullmatch(r"sep=(.)\s*", first)  # what spreadsheets are told by
            reader = csv.reader(
                text if told else chain([first], text), delimiter=told[1] if told else _separator(first), strict=True
            )
            for cells in reader:
                row = [cell.strip() for cell in cells]
                if any(row):
                    yield reader.line_num + bool(told), row
        except UnicodeDecodeError as error:
            raise BadValue(f"is not {error.encoding.upper()} ({error.reason})") from None
        except csv.Error as error:
            raise BadValue(f"cannot be read on as a table ({error})") from None


def _encoding(stream: BinaryIO) -> str:
    """By the byte order mark, else UTF-8."""
    mark = stream.read(2)
    stream.seek(0)
    return _MARKS.get(mark, "utf-8-sig")


def _separator(header: str) -> str:
    """What separates cells: the one of the usual separators that the first line holds most often outside quotes."""
    plain = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=plain.count)


def named(cells: Sequence[str]) -> list[str]:
    """The cells of a header as columns are recognised by: in lower case, letters and digits alone."""
    return [re.sub(r"[\W_]+", "", cell.casefold()) for cell in cells]


def write_table(place: Path, rows: Iterator[Sequence[object]]) -> None:
    """Write rows with commas between; numbers with the digits they have."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(
            [repr(cell).removesuffix(".0") if isinstance(cell, float) else cell for cell in row] for row in rows
        )
