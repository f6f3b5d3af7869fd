"""The tags that pages are written with."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import storage as static_storage
from django.core.management import call_command
from django.template import Context, Template
from django.utils.functional import LazyObject

from lode_platform import drawing, pictures
from lode_platform.templatetags import lode

pytestmark = pytest.mark.once


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


def test_a_box_in_pixels_and_the_same_in_per_cent_are_drawn_alike() -> None:
    pixels = pictures.boxes("/a.png", 200, 100, [{"box": [20, 10, 60, 40], "kind": "truth"}])
    percent = pictures.boxes("/a.png", 200, 100, [{"x": 10, "y": 10, "width": 20, "height": 30, "kind": "truth"}])
    assert pixels == percent
    assert 'x="20" y="10" width="40" height="30"' in pixels


def test_a_crop_is_the_part_of_the_picture_in_its_pixels() -> None:
    assert 'viewBox="50 20 100 60"' in pictures.boxes("/a.png", 200, 100, crop="50 20 150 80")


def test_a_region_of_outlines_is_drawn_along_them_and_named_at_its_box() -> None:
    rings = [[(10, 20), (30.5, 20), (30.5, 40)], [(50, 50), (60, 50), (60, 60.25)]]
    html = pictures.boxes(
        "/a.png", 99, 99, [{"box": [10, 20, 60, 60], "outlines": rings, "label": "cell"}], labels=True
    )
    line = '<path class="region-line" fill-rule="evenodd" d="M10 20L30.5 20L30.5 40ZM50 50L60 50L60 60.25Z"/>'
    assert line in html
    assert "<rect" not in html
    assert '<text x="10"' in html


def test_a_region_of_a_kind_not_known_here_is_drawn_as_its_box() -> None:
    assert drawing.outlines({"kind": "kind of tomorrow", "geometry": [0, 0, 1, 1]}) == ()
    assert drawing.outlines({"kind": "box", "geometry": [0, 0, 1, 1]}) == ()


def test_a_label_with_markup_is_drawn_as_text() -> None:
    html = pictures.boxes("/a.png", 9, 9, [{"box": [0, 0, 1, 1], "label": "<script>"}], labels=True)
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_numbers_of_a_drawing_do_not_follow_the_locale(settings: LazySettings) -> None:
    from django.utils import translation

    with translation.override("de"):
        assert 'x="0.5"' in pictures.boxes("/a.png", 10, 10, [{"box": [0.5, 1, 2, 3]}])
        assert drawn("{% number 12345 %}") == "12.345"


def test_the_import_map_leads_to_hashed_files_with_their_integrity(settings: LazySettings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", verbosity=0, interactive=False)
    lazy = static_storage.staticfiles_storage
    assert isinstance(lazy, LazyObject)
    lode.module_map.cache_clear()
    try:
        html = drawn("{% import_map %}", csp_nonce="n0")
        found = json.loads(re.search(r'nonce="n0">(.*)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    finally:
        lode.module_map.cache_clear()
    shell = found["imports"]["/static/lode/shell.js"]
    assert re.fullmatch(r"/static/lode/shell\.[0-9a-f]{12}\.js", shell)
    assert found["integrity"][shell].startswith("sha384-")
    assert (tmp_path / shell.removeprefix("/static/")).is_file()


def test_without_hashed_names_there_is_no_import_map() -> None:
    lode.module_map.cache_clear()
    assert drawn("{% import_map %}") == ""
    assert 'import "/static/lode/shell.js"' in drawn('{% module "lode/shell.js" %}', csp_nonce="n")
