"""What goes into a dataset while an import sends its files: items and labels at the same time, each in their order."""

from array import array
from pathlib import Path
from threading import Event

import httpx
import pytest

from motherlode import Client
from motherlode.formats import format_named
from motherlode.formats.source import Boxes, Folder, Record
from motherlode.importing import ImportOptions, ImportReport, Source
from motherlode.importing.filling import PART, SELECTED, Filling

pytestmark = pytest.mark.once
LONGEST = 60.0  # seconds that a request waits for another one that never comes


class Slow(httpx.BaseTransport):
    """A server that answers no selection of items before a part of labels has come."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lines: list[int] = []
        self.labels_came = Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/")
        if path.endswith("/items"):
            assert self.labels_came.wait(LONGEST)
        elif "/parts/" in path:
            self.lines.append(request.read().count(b"\n"))
            self.labels_came.set()
        self.asked.append(path)
        return httpx.Response(200, json={"uuid": "7", "lost": [], "state": "succeeded"})


def boxes(count: int) -> Boxes:
    return Boxes(["cell"], array("d", [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 12.0, 0.0] * count))


def test_labels_are_sent_beside_the_items_they_are_of(tmp_path: Path) -> None:
    server = Slow()
    records = [Record(f"{n}.jpg", True, True, drafts=boxes(2)) for n in range(2 * SELECTED + 1)]
    source = Source(Folder(tmp_path), format_named("coco"), records)
    options, report = ImportOptions("blood", "cells"), ImportReport("blood", "cells", "coco")
    uuids = {record.path: str(n) for n, record in enumerate(records)}
    client = Client("http://host", "token", transport=server, show_progress=False)
    with client, client.background() as selecting, client.background() as labelling:
        filling = Filling(client, options, source, report, lambda: {"name": "cells"}, selecting, labelling)
        filling.take(records, uuids)
        filling.finish()
    items = [path for path in server.asked if path.endswith("/items")]
    parts = [path for path in server.asked if "/parts/" in path]
    assert len(items) == 3 and parts == [f"label-imports/7/parts/{number}" for number in range(3)]
    assert server.lines == [PART, PART, 1] and server.asked[-1] == "label-imports/7/finish"


def test_a_record_knows_the_kinds_of_its_drafts_without_making_them() -> None:
    for count in (0, 3):
        columns = boxes(count)
        assert Record("a", True, True, drafts=columns).kinds == Record("a", True, True, drafts=tuple(columns)).kinds
    assert Record("a", True, True, drafts=boxes(3)).kinds == ["box"]
