"""Words that we gave up for the field's own stay out of pages, scripts, docs and names.

A line each, added when the last place of a word is gone: on the left what was written, on the right what is now.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lode_hooks.evaluations.metrics.kinds import describe
from lode_hooks.failures.kinds import KIND_TITLES
from lode_hooks.models import FailureOccurrence
from lode_platform.glossary import GLOSSARY
from motherlode.failure_kinds import FAILURE_KINDS

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
READ = ("*/lode_*/templates/**/*.html", "*/lode_*/static/**/*.js", "docs/*.md", "README.md", "CONTRIBUTING.md")
CODE = ("*/lode_*/**/*.py", "sdk/motherlode/**/*.py", "*/lode_*/static/**/*.js")

RETIRED = {
    "no case": "a correct prediction",
    "truths not found": "false negatives",
    "so that it does not flatter": "caveats",
    "shares of newcomers": "split ratios for new items",
    "people at it": "active annotators",
    "people labelling": "active annotators",
    "who holds what": "tasks being labelled",
    "other beginning": "replace with server draft",
    "by lot": "at random",
    "still failing": "unchanged",
    "most often taken for another": "most confused classes",
    "names on regions": "show labels",
    "brightness as it is": "reset brightness",
    "anew": "again",
    "whoever": "name who",
    "handed in": "submitted",
    "newcomer": "new item, somebody new",
    "newcomers": "new items",
}
FOREIGN = re.compile(r"(?<!here )\b(?:is|are) no (?!longer|more|such)", re.IGNORECASE)
RETIRED_NAMES = {
    "Pit": "CandidatePool",
    "dig": "gather",
    "own_nav": "shell_entries",
    "deciding": "headline",
    "desk_for": "context_for",
    "as_kept": "to_stored_text",
    "config_for": "labeling_config.build",
    "_Like": "_SimilarTo",
    "_Said": "_Regions",
    "_Look": "_View",
    "Desk": "QueueContext, LoadedTask",
    "Sighting": "FailureOccurrence",
    "sightings": "occurrences",
    "Vault": "LocalStore",
    "Parcel": "PendingRequest",
    "Thought": "Suggestion",
}


def texts(patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if not {"vendor", "migrations"} & set(path.parts):
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def found(words: dict[str, str], patterns: tuple[str, ...], flags: int = 0) -> list[str]:
    word = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", flags)
    instead = {old.lower(): new for old, new in words.items()}
    return [
        f"{name}:{text.count(chr(10), 0, one.start()) + 1}: {one[0]!r}: write {instead[one[0].lower()]!r}"
        for name, text in texts(patterns)
        for one in word.finditer(text)
    ]


def test_no_page_no_script_and_no_guide_says_a_retired_word() -> None:
    assert found(RETIRED, READ, re.IGNORECASE) == []


def test_nothing_is_no_something() -> None:
    said = [(name, text) for name, text in texts((*READ, *CODE)) if name != "docs/glossary.md"]
    assert [
        f"{name}: {text[one.start() - 20 : one.end() + 20]!r}" for name, text in said for one in FOREIGN.finditer(text)
    ] == []
    assert FOREIGN.search("'x' is no name") and not FOREIGN.search("there is no queue, it is no longer open")


def test_a_kind_of_failure_has_one_name_on_pages_in_reasons_and_in_the_glossary() -> None:
    known = {str(word.name) for word in GLOSSARY}
    for kind in FAILURE_KINDS:
        name = str(KIND_TITLES[kind]).lower()
        assert name == kind.replace("_", " ") and name in known
        assert describe(kind, "RBC", "WBC") in (f"{name} RBC", f"{name} WBC", "RBC predicted as WBC")
    assert set(FAILURE_KINDS) == set(FailureOccurrence.Kind)


def test_no_name_in_the_code_is_a_retired_one() -> None:
    assert found(RETIRED_NAMES, CODE) == []


def test_a_retired_word_would_be_found() -> None:
    assert any("write 'glossary'" in fault for fault in found({"Glossary": "glossary"}, ("docs/*.md",)))
