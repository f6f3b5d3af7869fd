"""Our stylesheets: each class is used somewhere, and each rule of a room names a class of that room.

A class is used where a template, a script or a module has its name, whole or as a beginning that is filled in
(``bar-class-{n}``). A stylesheet says its layer, one of base, parts and room. A class is at home in the first folder
(in the order of the layers) that styles it; a rule of a room names a class at home in its own folder, so that a room
may set a part otherwise within its own things, and never everywhere.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("base", "parts", "room")
CLASS = re.compile(r"\.([A-Za-z][\w-]*)")
FILLED = re.compile(r"([A-Za-z][\w-]*)(?:\{|\$\{|%s)")
GIVEN = {"htmx-indicator", "htmx-request"}  # htmx sets them


def files(*endings: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *(f"*/lode_*/*.{e}" for e in endings)]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in sorted(set(names)) if "/vendor/" not in name and (ROOT / name).is_file()]


def selectors(text: str) -> Iterator[str]:
    """Each selector of a stylesheet, those within a media query too."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"@keyframes [\w-]+ \{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    for head in re.findall(r"([^{};]+)\{", text):
        if not head.strip().startswith("@"):
            depth = 0
            for at, character in enumerate(head):
                depth += (character == "(") - (character == ")")
                head = f"{head[:at]}\n{head[at + 1 :]}" if character == "," and not depth else head
            yield from (one.strip() for one in head.split("\n") if one.strip())


def layer(path: Path) -> str:
    """The layer that all of a stylesheet stands in; empty if it does not."""
    found = re.match(r"(?:/\*.*?\*/\s*)?@layer (\w+) \{", path.read_text(), re.DOTALL)
    return found[1] if found and found[1] in LAYERS else ""


def words() -> tuple[set[str], set[str]]:
    """The words of the templates, scripts and modules, and the beginnings that are filled in."""
    whole: set[str] = set()
    begun: set[str] = set()
    for path in files("html", "js", "py"):
        text = path.read_text()
        whole |= set(re.findall(r"[A-Za-z][\w-]*", text))
        begun |= set(FILLED.findall(text))
    return whole, begun


def unused(classes: set[str]) -> list[str]:
    whole, begun = words()

    def filled(name: str) -> bool:
        rests = (name.removeprefix(one) for one in begun if name.startswith(one) and name != one)
        return any(rest.isdigit() for rest in rests) or any(name.startswith(one) and one[-1] == "-" for one in begun)

    return sorted(name for name in classes if name not in whole | GIVEN and not filled(name))


def main() -> None:
    sheets = sorted(files("css"), key=lambda path: (LAYERS.index(layer(path) or "room"), path))
    faults = [f"{path.relative_to(ROOT)} says no layer" for path in sheets if not layer(path)]
    home: dict[str, Path] = {}
    for path in sheets:
        for selector in selectors(path.read_text()):
            for name in CLASS.findall(selector):
                home.setdefault(name, path)
    for path in sheets:
        if layer(path) == "room":
            for selector in selectors(path.read_text()):
                named = CLASS.findall(selector)
                own = any(home[name].parent == path.parent and layer(home[name]) == "room" for name in named)
                if not own and "#" not in selector:
                    there = sorted({home[name].name for name in named}) or ["base.css"]
                    faults.append(f"{path.relative_to(ROOT)}: {selector} belongs to {', '.join(there)}")
    faults += [f"{home[name].relative_to(ROOT)}: .{name} is used nowhere" for name in unused(set(home))]
    if faults:
        sys.exit("\n".join(faults))
    print(f"stylesheets: {len(home)} classes, each used and at home in one room")


if __name__ == "__main__":
    main()
