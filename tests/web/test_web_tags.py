"""The tags that pages are written with."""

import json
import posixpath
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import storage as static_storage
from django.core.management import call_command
from django.template import Context, Template

from lode_platform import drawing
from lode_platform.models import Blob, Item
from lode_platform.templatetags import lode, media

pytestmark = pytest.mark.once

ROOMS = list(Path(__file__).parents[2].glob("*/lode_*/static"))


def drawn(source: str, **context: object) -> str:
    return Template("{% load lode %}" + source).render(Context(context))


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.043, "in 43 ms"), (8.43, "in 8.4 s"), (61, "in 61 s"), (600, "in 10 min")]
)
def test_how_long_a_job_took_is_said_in_its_own_unit(seconds: float, words: str) -> None:
    assert drawn("{% took start end %}", start=NOON, end=NOON + timedelta(seconds=seconds)) == words
    assert drawn("{% took start end %}", start=NOON, end=None) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "just now"),
        (60, "1 min ago"),
        (3000, "50 min ago"),
        (3600, "1 h ago"),
        (86400, "1 day ago"),
        (86400 * 3, "3 days ago"),
        (-7200, "in 2 h"),
        (86400 * 60, "24 Sep 2026"),
    ],
)
def test_a_time_is_said_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert lode.relative(NOON - timedelta(seconds=seconds), NOON) == words


def test_the_exact_time_stands_behind_a_relative_one() -> None:
    html = drawn("{% ago when %}", when=NOON)
    assert 'datetime="2026-11-23T12:00:00+00:00"' in html and "title=" in html


def test_a_rise_is_good_where_high_is_better_and_bad_where_low_is() -> None:
    assert "change-good" in drawn("{% change 0.5 0.4 %}")
    assert "change-bad" in drawn('{% change 0.5 0.4 better="low" %}')
    assert "±0" in drawn("{% change 0.50001 0.5 %}")


def test_class_colours_come_round_after_twelve() -> None:
    assert [lode.class_color(n) for n in (1, 12, 13, 24, 25)] == [1, 12, 1, 12, 1]


def test_a_region_is_sent_with_its_own_shape_and_only_what_is_drawn_of_it() -> None:
    ring = [[10.0, 20.0], [30.123456, 20.0], [30.5, 40.0]]
    row = {"id": "r", "control": "label", "class_id": 3, "kind": "polygon", "geometry": [[ring]], "area": 20.0}
    (region,) = drawing.drawn(row, label="cell", color=3)
    sent = json.loads(drawing.as_json([region]))
    geometry = [[[[10, 20], [30.12, 20], [30.5, 40]]]]
    assert sent == [{"kind": "polygon", "geometry": geometry, "layer": "class", "label": "cell", "color": 3}]
    assert region["id"] == "r" and region["geometry"] == [[ring]]


def test_links_between_regions_are_sent_with_the_region_that_they_begin_at() -> None:
    a: dict[str, Any] = {"id": "a", "kind": "box", "class_id": 1, "geometry": [0.0, 0.0, 5.123456, 5.0]}
    b: dict[str, Any] = {**a, "id": "b", "geometry": [9.0, 0.0, 14.0, 5.0]}
    lost: list[dict[str, Any]] = [{"from": "a", "to": "gone"}, {"from": "gone", "to": "a"}]
    relations: list[dict[str, Any]] = [{"from": "a", "to": "b", "class_id": 15, "both": True}, {"from": "b", "to": "a"}]
    regions = [one for row in (a, b) for one in drawing.drawn(row, label="cell")]
    linked = drawing.linked(regions, [*relations, *lost], [a, b], {15: "near"}, lode.class_color)
    assert [one["links"] for one in json.loads(drawing.as_json(linked))] == [
        [{"to": [9, 0, 14, 5], "label": "near", "color": 3, "both": True}],
        [{"to": [0, 0, 5.12, 5], "label": ""}],
    ]
    assert drawing.linked(regions, [], [a, b], {}, lode.class_color) == regions


def test_what_has_no_place_and_a_kind_not_known_here_are_not_drawn() -> None:
    for row in ({"kind": "kind of tomorrow", "geometry": [0, 0, 1, 1]}, {"kind": "choice"}, drawing.from_bounds(None)):
        assert drawing.drawn(row) == []
    assert [region["geometry"] for region in drawing.drawn(drawing.from_bounds([1, 2, 3, 4]))] == [[1, 2, 3, 4]]


def test_a_picture_is_there_without_a_script_with_its_words_and_its_size() -> None:
    item = Item(path="a.png", kind="image", width=200, height=100, blob=Blob(md5="0" * 32))
    regions = drawing.drawn({"kind": "box", "geometry": [1.0, 2, 3, 4]}, label="<script>'\"", layer="truth")
    html = media.shown(item, regions, size=256, alt="a <b>")
    assert '<img src="' in html and 'width="200" height="100" alt="a &lt;b&gt;"' in html
    assert 'loading="lazy"' in html and "<script>" not in html
    sent = unescape(re.search(r' regions="([^"]*)"', html)[1])  # type: ignore[index]
    assert json.loads(sent)[0]["label"] == "<script>'\""
    whole = media.shown(item, [], alt="a")
    assert "lazy" not in whole and 'view="0 0 200 100"' in whole


def test_a_crop_is_cut_out_by_the_server_and_drawn_in_pixels_of_the_picture() -> None:
    item = Item(path="a.png", kind="image", width=200, height=100, blob=Blob(md5="0" * 32))
    html = media.shown(item, crop=(50, 20, 150, 80))
    assert 'view="50 20 100 60"' in html and 'width="100" height="60"' in html
    assert "crop=50,20,150,80" in html and "size=2048" in html


def test_numbers_of_a_drawing_do_not_follow_the_locale(settings: LazySettings) -> None:
    from django.utils import translation

    with translation.override("de"):
        assert '"geometry":[0.5,1000,2,3]' in drawing.as_json(
            drawing.drawn({"kind": "box", "geometry": [0.5, 1000, 2, 3]})
        )
        assert drawn("{% number 12345 %}") == "12.345"


@pytest.fixture
def collected(settings: LazySettings, tmp_path: Path) -> Iterator[Path]:
    """The static files as a server answers them, in a folder of this test's."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "lode_platform.static_files.Storage"}}
    call_command("collectstatic", verbosity=0, interactive=False)
    lode.module_map.cache_clear()
    yield tmp_path
    lode.module_map.cache_clear()


def test_the_import_map_leads_to_hashed_files_with_their_integrity(collected: Path) -> None:
    html = drawn("{% import_map %}", csp_nonce="n0")
    found = json.loads(re.search(r'nonce="n0">(.*)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    shell = found["imports"]["/static/lode/shell.js"]
    assert re.fullmatch(r"/static/lode/shell\.[0-9a-f]{12}\.js", shell)
    assert found["integrity"][shell].startswith("sha384-")
    assert (collected / shell.removeprefix("/static/")).is_file()


def test_scripts_are_served_without_comments_and_mean_the_same(collected: Path, node_path: str) -> None:
    pairs = []
    for room in ROOMS:
        for path in sorted(room.rglob("*.js")):
            name = str(path.relative_to(room))
            if not name.startswith("vendor/"):
                served = static_storage.staticfiles_storage.stored_name(name)  # type: ignore[attr-defined]
                pairs.append((name, path.read_text(), (collected / served).read_text()))
    assert len(pairs) > 150
    assert [name for name, _, served in pairs if re.search(r"^\s*(//|/\*\*)", served, re.MULTILINE)] == []
    compare = Path(__file__).with_name("same_scripts.cjs")
    command = [node_path, "--expose-internals", str(compare)]
    done = subprocess.run(command, input=json.dumps(pairs), capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [], "rjsmin knows no template within a template: give the inner one a name"


def test_who_labels_pictures_fetches_less_than_130_kilobytes_of_script(collected: Path) -> None:
    wanted, sizes = ["editor/main.js"], {}
    while wanted:
        name = wanted.pop()
        if name not in sizes:
            served = collected / static_storage.staticfiles_storage.stored_name(name)  # type: ignore[attr-defined]
            packed = served.with_name(served.name + ".gz")  # where that is smaller
            sizes[name] = (packed if packed.exists() else served).stat().st_size
            around = posixpath.dirname(name)
            found = re.findall(r"""(?:from|import)\s*["'](\.[^"']+)["']""", served.read_text())
            wanted += [posixpath.normpath(posixpath.join(around, one)) for one in found]
    assert len(sizes) > 100
    assert not any(name.startswith("editor/text/") for name in sizes)
    assert sum(sizes.values()) < 130_000, sorted(sizes.items(), key=lambda one: -one[1])[:20]


def test_without_hashed_names_there_is_no_import_map() -> None:
    lode.module_map.cache_clear()
    assert drawn("{% import_map %}") == ""
    assert 'import "/static/lode/shell.js"' in drawn('{% module "lode/shell.js" %}', csp_nonce="n")
