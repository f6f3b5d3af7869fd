"""Files that Label Studio's clients send: tasks as JSON, CSV or lines of text, and what tasks are about."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import DataAndFiles, MultiPartParser

from lode_annotation.ls.importing import MOST_TASKS
from lode_annotation.ls.references import cleaned
from lode_annotation.ls.tasks import media_address, own_folder
from lode_annotation.models import LabelStudioProject
from lode_platform import free_json
from lode_platform.api.parsers import LargeJsonParser, announced
from lode_platform.errors import BadInput, TooLarge
from lode_platform.items import ItemSpec
from lode_platform.store import store

MOST_FILES = 100
MOST_BYTES = 1 << 30
TABLES = {".csv": ",", ".tsv": "\t"}
LISTS = (".json", ".txt", *TABLES)
PACKED = (".zip", ".rar", ".gz", ".tar", ".7z")


class FilesParser(MultiPartParser):
    """A form with files, of a bounded size and number."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        request = (parser_context or {})["request"]
        if announced(request) > MOST_BYTES:
            raise TooLarge(f"At most {MOST_BYTES >> 20} MiB are taken at a time; send fewer files.", limit=MOST_BYTES)
        try:
            return super().parse(stream, media_type, parser_context)
        except TooManyFilesSent:
            raise BadInput(f"At most {MOST_FILES} files are taken at a time.", code="too_many", field="file") from None


@dataclass
class Sent:
    """The tasks that files hold or are, and the items that they are."""

    tasks: list[Any] = field(default_factory=list)
    specs: list[ItemSpec] = field(default_factory=list)


def read(door: LabelStudioProject, kind: str, named: str, files: "Iterable[UploadedFile[Any]]") -> Sent:
    """What files bring: ``kind`` is what the project asks about, ``named`` the field of it. Raises ``BadInput``."""
    sent = Sent()
    for file in files:
        name = str(file.name or "file")
        suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
        if suffix in PACKED:
            raise BadInput(f"{name[:80]}: unpack it and send the files, or use `lode import`.", field="file")
        if suffix in LISTS:
            sent.tasks += _listed(file, name, suffix, named)
        elif kind == "text":
            raise BadInput(f"{name[:80]}: this project asks about texts; send .txt, .json, .csv or .tsv.", field="file")
        else:
            blob = store().add_stream(file.chunks())
            path = f"{own_folder(door)}{blob.md5[:8]}-{cleaned(name)}"
            sent.specs.append(ItemSpec(path, blob.md5, blob.sha256))
            sent.tasks.append({"data": {named: media_address(door, path)}})
        if len(sent.tasks) > MOST_TASKS:
            raise BadInput(
                f"{name[:80]}: at most {MOST_TASKS:,} tasks come in at a time.", code="too_many", field="file"
            )
    return sent


def _listed(file: "UploadedFile[Any]", name: str, suffix: str, named: str) -> list[Any]:
    """The tasks that a file lists."""
    if (file.size or 0) > LargeJsonParser.limit:
        raise TooLarge(f"{name[:80]} has more than {LargeJsonParser.limit >> 20} MiB; send it in parts.")
    try:
        text = file.read().decode("utf-8-sig")
        if suffix == ".json":
            said = free_json.loads(text)
            return [said] if isinstance(said, dict) else list(said) if isinstance(said, list) else [said]
        if suffix == ".txt":
            return [{"data": {named: line}} for line in text.splitlines() if line.strip()]
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=TABLES[suffix], restkey="", strict=True)
        return [{"data": {key: value for key, value in row.items() if key and value is not None}} for row in rows]
    except (ValueError, csv.Error) as error:
        raise BadInput(f"{name[:80]} cannot be read: {error}", code="bad_file", field="file") from None
