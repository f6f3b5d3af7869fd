"""At most 450 lines a file, 80 a function: Python, JavaScript, CSS; tests, migrations and vendored files aside."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE, FUNCTION = 450, 80
ASIDE = re.compile(r"(^|/)(tests|migrations|vendor)/")
OPENS = re.compile(r"^( *+)(?!\} |(?:if|else|for|while|switch|try|catch|do|class)\b)(.*(?:\)|=>)) \{$")
NAMED = re.compile(r"(?:function\*? |const |let |static |async |get |set )*([\w$#.]+)")


def sources() -> list[Path]:
    """The files in git, and those that git would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.js", "*.css"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in sorted(set(names)) if not ASIDE.search(name) and (ROOT / name).is_file()]


def python_functions(text: str) -> Iterator[tuple[str, int]]:
    """Each function of a module with its lines, those of functions within it included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def script_functions(text: str) -> Iterator[tuple[str, int]]:
    """The same of an ES module: a function ends where a brace stands as far in as the line that opened it."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if opened := OPENS.match(line):
            indent, head = opened.groups()
            name = NAMED.match(head.removeprefix("export ").removeprefix("default "))
            end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith(f"{indent}}}")), at)
            yield name.group(1) if name else head, end - at + 1


def over() -> dict[str, int]:
    """What is over its limit -> its lines."""
    found = {}
    for path in sources():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text()
        if (lines := len(text.splitlines())) > FILE:
            found[name] = lines
        functions = {".py": python_functions, ".js": script_functions}.get(path.suffix)
        for function, length in functions(text) if functions else ():
            if length > FUNCTION:
                found[f"{name}: {function}"] = length
    return found


def main() -> None:
    if faults := [f"{name} has {lines} lines" for name, lines in sorted(over().items())]:
        sys.exit("\n".join([*faults, f"A file has at most {FILE} lines, a function {FUNCTION}."]))
    print(f"sizes: no file above {FILE} lines and no function above {FUNCTION}")


if __name__ == "__main__":
    main()
