"""Items that come with their bytes, many in one request: each file is stored and decoded without being read again."""

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from lode_platform.callers import Caller
from lode_platform.decoding import BadImage
from lode_platform.errors import BadInput, LodeError
from lode_platform.item_media import MEDIA, Refused, Seen, of_path
from lode_platform.items import PROBING, SMALL, AddReport, ItemSpec, Problem, add_items
from lode_platform.models import Project
from lode_platform.store import store
from motherlode.media import BadMedia

MAX_HEAD = 4 * 1024**2


def split_pack(body: bytes) -> tuple[bytes, int]:
    """The JSON text of a pack's first line, and where its bytes begin. Raises ``BadInput`` (bad_pack)."""
    end = body.find(b"\n", 0, MAX_HEAD)
    if end < 0:
        raise BadInput("The pack has no line of JSON before its bytes.", code="bad_pack")
    return body[:end], end + 1


def contents(body: bytes, start: int, sizes: Sequence[int | None]) -> list[bytes | None]:
    """The bytes of each item of a pack, None for an item whose bytes do not follow. Raises ``BadInput`` (bad_pack)."""
    found: list[bytes | None] = []
    for size in sizes:
        found.append(None if size is None else body[start : start + size])
        start += size or 0
    if start != len(body):
        raise BadInput("The pack does not hold as many bytes as its items have.", code="bad_pack")
    return found


def add_packed(
    project: Project,
    caller: Caller,
    specs: Sequence[ItemSpec],
    files: Sequence[bytes | None],
    *,
    replace_media: bool = False,
) -> AddReport:
    """Makes items of ``files``, one for each of ``specs``; None stands for bytes that this caller sent before or sees.

    Each is taken or refused on its own, as by ``add_items``. Files are decoded while the files are forced to disk.
    """
    refused: list[Problem] = []
    limit = settings.MAX_UPLOAD_BYTES
    too_large = {spec.md5 for spec, data in zip(specs, files, strict=True) if data is not None and len(data) > limit}
    sent: dict[str, tuple[str, str, bytes]] = {}
    for spec, data in zip(specs, files, strict=True):
        if data is not None and spec.md5 not in too_large:
            sent.setdefault(spec.md5, (spec.md5, spec.sha256, data))
    looked = {(spec.md5, of_path(spec.path).kind): sent[spec.md5][2] for spec in specs if spec.md5 in sent}
    with ThreadPoolExecutor(PROBING) as pool:
        large = [pool.submit(_look_at, {key: data}) for key, data in looked.items() if len(data) > SMALL]
        answers = dict(zip(sent, store().add_promised(list(sent.values()), caller.user), strict=True))
        shown = _look_at({key: data for key, data in looked.items() if len(data) <= SMALL})
        for done in large:
            shown |= done.result()
    stored = {md5: answer for md5, answer in answers.items() if not isinstance(answer, LodeError)}
    good: list[ItemSpec] = []
    for spec in specs:
        answer = answers.get(spec.md5)
        if spec.md5 in too_large:
            refused.append(Problem(spec.path, "too_large", f"The file is larger than the limit of {limit} bytes."))
        elif isinstance(answer, LodeError):
            refused.append(Problem(spec.path, answer.code, answer.message))
        else:
            good.append(spec)
    seen = {key: found for key, found in shown.items() if key[0] in stored}
    report = add_items(project, caller, good, replace_media=replace_media, seen=seen, sent=stored)
    report.problems[:0] = refused
    return report


def _look_at(files: Mapping[tuple[str, str], bytes]) -> dict[tuple[str, str], Seen | Refused]:
    """What each file holds, by md5 and medium; those that take a process of their own are left out."""
    found: dict[tuple[str, str], Seen | Refused] = {}
    for key, data in files.items():
        try:
            if (seen := MEDIA[key[1]].probe_here(io.BytesIO(data))) is not None:
                found[key] = seen
        except (BadImage, BadMedia) as error:
            found[key] = error
    return found
