"""Every registered format, given good sources made bad: they come in, or are refused in words and nothing is made."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.broken import Files, byte_changes, changed, lasting_rows, line_changes, picture
from tests.examples import examples

from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.jobs import run_pending
from lode_platform.models import Item, Job, JobState, Project, User
from lode_platform.store import store
from lode_platform.tokens import make_token
from lode_platform.wsgi import application
from motherlode import Client
from motherlode.cli import main
from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, writers
from motherlode.importing import read_source

Connect = Callable[..., Client]


def painted(size: tuple[int, int], value: int) -> bytes:
    """A mask of one class."""
    out = io.BytesIO()
    mask = Image.new("L", size)
    mask.paste(value, (1, 2, 20, 9))
    mask.save(out, "PNG")
    return out.getvalue()


PICTURES = {f"{number}.png": picture(size=(40, 30 + number)) for number in (1, 2, 3)}
BOXES = [
    {"id": n, "image_id": n // 2 + 1, "category_id": n % 2 + 1, "bbox": [n, n + 1, 5, 6], "area": 30} for n in range(6)
]
COCO = {
    "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 30 + n} for n in (1, 2, 3)],
    "annotations": BOXES,
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
}
# good sources of the formats that boxes are not written in
UNWRITTEN: dict[str, Files] = {
    "images": {**{f"a/{name}": data for name, data in PICTURES.items()}, "train.txt": b"1\n2\n"},
    "texts": {f"{number}.txt": f"Text é {number}\nline".encode() for number in (1, 2, 3)},
    "lists": {f"{number}.jsonl": b'{"id": "a", "title": "A"}\n{"id": "b", "body": "B"}\n' for number in (1, 2)},
    "folders": {f"{label}/{name}": data for label in ("cat", "dog") for name, data in PICTURES.items()},
}
UNWRITTEN["masks"] = {
    **{f"images/{name}": data for name, data in PICTURES.items()},
    **{f"masks/{name}": painted((40, 30 + number), number) for number, name in enumerate(PICTURES, start=1)},
    "classes.json": b'{"0": "background", "1": "cat", "2": "dog", "3": "\xc3\xa9"}',
}
TABLES = {
    "fields.csv": "path,magnification,stain,taken\n1.png,40,é,2026-01-01\n2.png,,H&E,\n",
    "fields.jsonl": '{"path": "1.png", "magnification": 40, "stain": "é"}\n{"path": "2.png", "stain": null}\n',
}


def written(folder: Path, files: Files) -> Path:
    """A folder of the files, but for those whose names no disk takes."""
    folder.mkdir()
    for name, data in files.items():
        with suppress(OSError, ValueError):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    return folder


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.encode("utf-8", "replace").decode(), data)
    return out.getvalue()


@cache
def good(name: str) -> Files:
    """A source of the format in which nothing is wrong."""
    if name in UNWRITTEN:
        return UNWRITTEN[name]
    assert name in writers(), f"UNWRITTEN has no good source of the format {name}"
    with TemporaryDirectory() as folder:
        source = written(Path(folder) / "in", {"instances.json": json.dumps(COCO).encode(), **PICTURES})
        made = Path(folder) / "out"
        convert_folder(source, made, name, "coco")
        return {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}


@pytest.mark.once
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_good_source(name: str, tmp_path: Path) -> None:
    source = read_source(written(tmp_path / "in", good(name)), name)
    assert source.format.name == name and len(source.records) > 1
    assert all(record.drafts for record in source.records) or not FORMATS[name].labelled
    assert [problem for problem in source.problems if problem.kind != "note"] == []


class Watched(httpx.WSGITransport):
    """The application, which must not break."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        assert response.status_code < 500, (request.method, request.url, response.read())
        return response


@pytest.fixture
def connect(erin: User) -> Connect:
    token = make_token(erin)[1]

    def make(url: str | None = None, own: str | None = None, *, project: str | None = None) -> Client:
        how = {"transport": Watched(app=application), "sleep": lambda seconds: run_pending(), "workers": 1}
        return Client("http://testserver", token, project="blood", **how)  # type: ignore[arg-type]

    return make


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORMATS)
def test_a_bad_source_comes_in_or_leaves_nothing(
    name: str, connect: Connect, project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    numbers = iter(range(10**6))

    @settings(max_examples=examples(6), database=None, suppress_health_check=list(HealthCheck))
    @given(changed(good(name)), st.booleans(), st.booleans())
    def run(files: Files, named: bool, packed: bool) -> None:
        number = next(numbers)
        place = tmp_path / f"{number}.zip"
        if packed:
            place.write_bytes(zipped(files))
        else:
            place = written(tmp_path / str(number), files)
        before = lasting_rows()
        words = ["import", str(place), "--dataset", f"d{number}", "--prefix", f"{number}/", "--json"]
        code = main([*words, *(["--format", name] if named else [])], connect)
        said = json.loads(capsys.readouterr().out)
        failed = Job.objects.filter(state=JobState.FAILED, error__regex=r"^\w+(Error|Exception)\b")
        assert [job.error for job in failed] == []
        if code:
            assert code == 1 and lasting_rows() == before, (said, files)
            assert str(place) in said["error"] or any(file in said["error"] for file in files), said
        else:
            assert said["items"], said

    run()


@pytest.mark.django_db
@pytest.mark.parametrize("name", TABLES)
def test_a_bad_table_of_fields_is_taken_whole_or_refused_by_its_line(
    name: str, connect: Connect, project: Project, erin: User, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    blobs = {path: store().add_stream([data]) for path, data in PICTURES.items()}
    specs = [ItemSpec(path, blob.md5, blob.sha256) for path, blob in blobs.items()]
    add_items(project, Caller(erin), specs, trusted=True)
    data = TABLES[name].encode()

    @settings(max_examples=examples(15), database=None, suppress_health_check=list(HealthCheck))
    @given(line_changes(data) | byte_changes(data) | st.just(data))
    def run(bad: bytes) -> None:
        (tmp_path / name).write_bytes(bad)
        before = lasting_rows(), list(Item.objects.order_by("pk").values_list("metadata", flat=True))
        code = main(["metadata", str(tmp_path / name), "--json"], connect)
        said = json.loads(capsys.readouterr().out)
        assert bad != data or not code, said
        if code:
            after = lasting_rows(), list(Item.objects.order_by("pk").values_list("metadata", flat=True))
            assert code == 1 and after == before and str(tmp_path / name) in said["error"], said

    run()
