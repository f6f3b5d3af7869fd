"""A walk through the commands of a page: each key pressed once, by a table, and what it did to the document."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

# The editor and its table of commands, as the page's own modules hold them; each command says when it ran.
TRACE = """async () => {
  const { Editor } = await import("/static/editor/editor.js");
  const { Keymap } = await import("/static/editor/keymap.js");
  const { handle } = Keymap.prototype;
  globalThis.ran = [];
  const told = new WeakSet();
  Keymap.prototype.handle = function (event) {
    for (const command of this.commands.values()) {
      if (told.has(command)) continue;
      told.add(command);
      const { run } = command;
      command.run = () => { globalThis.ran.push(command.id); run(); };
    }
    return handle.call(this, event);
  };
  const { refresh } = Editor.prototype;
  await new Promise((done) => {
    Editor.prototype.refresh = function () {
      globalThis.editor = this;
      Editor.prototype.refresh = refresh;
      refresh.call(this);
      done();
    };
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "n", code: "KeyN", bubbles: true }));
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "n", code: "KeyN", bubbles: true }));
  });
}"""
KEYS = "() => [...editor.keymap.commands.keys()].map((id) => [id, editor.keymap.keysOf(id)[0] ?? ''])"
MAY = "id => { const { when } = editor.keymap.commands.get(id); return !when || when(); }"
"""Whether a command can be given: not while the next task is on its way, say."""
LONGEST = 100
"""Frames that a command's effect may take."""

Check = Callable[[Any, Any], bool]


def more(before: Any, after: Any) -> bool:
    return bool(after > before)


def less(before: Any, after: Any) -> bool:
    return bool(after < before)


def other(before: Any, after: Any) -> bool:
    return bool(after != before)


def to(value: Any) -> Check:
    """That it is this now, and was not before."""
    return lambda before, after: bool(before != value and after == value)


@dataclass(frozen=True)
class Step:
    """A command, an expression over ``editor`` in the page, and what pressing the command's key makes of it."""

    command: str
    probe: str
    becomes: Check = other
    first: Callable[[Any], Any] | None = None
    """What is done before, with the person at the page."""


def begin(seat: Any) -> None:
    """Have the page say what its keys do."""
    seat.page.evaluate(TRACE)


def keys(seat: Any) -> dict[str, str]:
    """The first key of each command of the page that has one."""
    return {command: key for command, key in seat.page.evaluate(KEYS) if key}


def pressed(key: str) -> str:
    """A key of the table as Playwright writes it."""
    *lead, last = key.split("+") if key not in ("+", "Ctrl++") else [key]
    last = last.removeprefix("Digit")
    if lead and lead[-1] == "Shift" and last.isalpha() and len(last) == 1:
        last = last.upper()
    return "+".join([*("Control" if one == "Ctrl" else one for one in lead), last])


def walk(seat: Any, steps: Iterable[Step]) -> set[str]:
    """Press the key of each step; what was pressed. A step that does not do what it should fails."""
    done = set()
    for step in steps:
        if step.first:
            step.first(seat)
        key = keys(seat).get(step.command)
        assert key, f"{step.command} has no key here"
        seat.page.wait_for_function(MAY, arg=step.command)
        look = f"() => {step.probe}"
        before = seat.page.evaluate(look)
        seat.page.evaluate("() => { ran.length = 0 }")
        seat.press(pressed(key))
        after = before
        for _ in range(LONGEST):
            after = seat.page.evaluate(look)
            if step.becomes(before, after):
                break
            seat.settled()
        ran = seat.page.evaluate("() => ran")
        assert ran == [step.command], f"{key}: {ran}, not {step.command}"
        assert step.becomes(before, after), f"{step.command} ({key}): {before!r} -> {after!r}"
        done.add(step.command)
    return done
