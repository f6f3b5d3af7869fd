"""Progress on the terminal: one line that fills, on standard error, and only where somebody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

__all__ = ["Progress"]

WIDTH = 24
EVERY = 0.1


class Progress:
    """A bar with a label: `with Progress("Fetching", total) as bar: bar.advance()`.

    Drawn at most ten times a second, and not at all where `stream` is not a terminal or `show` is False.
    """

    def __init__(self, label: str, total: int = 0, *, show: bool | None = None, stream: TextIO | None = None) -> None:
        self.label = label
        self.total = total
        self.done = 0
        self._stream = stream or sys.stderr
        self._show = self._stream.isatty() if show is None else show
        self._drawn = 0.0
        self._length = 0

    def __enter__(self) -> Progress:
        self._draw()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._show and self._length:
            self._draw(last=True)
            self._stream.write("\n")
            self._stream.flush()

    def advance(self, steps: int = 1) -> None:
        """`steps` more are done."""
        self.move(self.done + steps)

    def move(self, done: int, total: int | None = None, label: str | None = None) -> None:
        """`done` of `total` are done."""
        self.done = done
        self.total = self.total if total is None else total
        self.label = label or self.label
        if self._show and time.monotonic() - self._drawn >= EVERY:
            self._draw()

    def clear(self) -> None:
        """Take the line away, for another to be written; it comes back as soon as more is done."""
        if self._show and self._length:
            self._stream.write(f"\r{' ' * self._length}\r")
            self._stream.flush()
            self._length = 0
            self._drawn = 0.0

    def _draw(self, last: bool = False) -> None:
        if not self._show:
            return
        self._drawn = time.monotonic()
        if self.total:
            share = min(1.0, self.done / self.total)
            filled = round(share * WIDTH)
            text = f"{self.label}  [{'#' * filled}{'.' * (WIDTH - filled)}] {self.done:,} of {self.total:,}"
        else:
            text = f"{self.label}  {self.done:,}" if self.done else f"{self.label} ..."
        self._stream.write("\r" + text.ljust(self._length))
        self._stream.flush()
        self._length = len(text)
