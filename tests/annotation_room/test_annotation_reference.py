"""docs/schema-reference.md says what the registries do, and what it calls refused is refused."""

from pathlib import Path

import pytest

from lode_annotation.config_words import MEANT
from lode_annotation.labeling_config import parse_config
from lode_annotation.schema_reference import REFUSED, as_markdown
from lode_platform.errors import BadInput
from motherlode.shapes import BY_TAG

PAGE = Path(__file__).resolve().parents[2] / "docs" / "schema-reference.md"


def test_the_reference_is_what_the_registries_say() -> None:
    said = "write it again: manage.py shell -c 'from lode_annotation.schema_reference import *; print(as_markdown())'"
    assert PAGE.read_text() == as_markdown(), said


def test_every_control_is_in_it_once() -> None:
    lines = PAGE.read_text().splitlines()
    for opening in BY_TAG:
        assert sum(line.startswith(f"| `<{opening}>` | {BY_TAG[opening].task}") for line in lines) == 1


@pytest.mark.parametrize("tag", sorted(REFUSED))
def test_what_it_calls_refused_is_refused_by_name(tag: str) -> None:
    assert tag not in MEANT
    config = f'<View><Image name="image" value="$image"/><{tag} name="x" toName="image"/></View>'
    with pytest.raises(BadInput, match=f"<{tag}> is not supported yet|<{tag}> beside"):
        parse_config(config)


@pytest.mark.parametrize("opening", BY_TAG)
def test_an_attribute_that_it_does_not_name_is_refused(opening: str) -> None:
    shape = BY_TAG[opening]
    part = f'<{shape.part} value="a"/>' if shape.labelled else ""
    medium = min(shape.media) if shape.media else "image"
    config = (
        f'<View><Image name="x" value="$image"/><{opening} name="c" toName="x" whatever="1">{part}</{shape.tag}></View>'
    )
    with pytest.raises(BadInput) as refused:
        parse_config(config)
    assert any('whatever="1"' in one["error"] for one in refused.value.facts["problems"]), medium
