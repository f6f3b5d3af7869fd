"""Pictures of two splits that look alike: taken a moment apart, resized or saved again."""

from collections import defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from PIL import Image

from lode_datasets import check_statements
from lode_datasets.check_statements import Picture
from lode_datasets.checks.check import OFF, SHOWN, Check, Fact, Finding
from lode_datasets.checks.subject import Subject
from lode_platform import media
from lode_platform.errors import LodeError
from lode_platform.models import Item

PAGE = 500
THUMB = 64  # pixels of the longer side of the view that is hashed
NEAR = 4  # bits of 64 in which two hashes may differ
BANDS = 8  # of 8 bits: two hashes that differ in up to 7 bits share one
CROWD = 200  # a bucket with more pictures is not compared


def difference_hash(image: Image.Image) -> int:
    """64 bits: in each of 8 rows of 9 grey values, whether one is brighter than the next (dHash)."""
    grey = list(image.convert("L").resize((9, 8), Image.Resampling.BILINEAR).tobytes())
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (grey[row * 9 + column] > grey[row * 9 + column + 1])
    return bits


def _hashed(subject: Subject, pictures: list[Picture]) -> Iterator[tuple[Picture, int | None]]:
    """The hash of each picture's small view, None of what cannot be shown or has another file by now."""
    for start in range(0, len(pictures), PAGE):
        some = pictures[start : start + PAGE]
        items = Item.objects.select_related("blob").in_bulk([row.item for row in some])
        for picture in some:
            subject.tick()
            try:
                with Image.open(media.view(items[picture.item], THUMB)) as image:
                    yield picture, difference_hash(image) if picture.is_current else None
            except (LodeError, OSError):
                yield picture, None


def _pairs(hashes: list[tuple[Picture, int]]) -> tuple[dict[int, tuple[int, int]], int]:
    """Of each picture that has one of another split near it before it in the list, the nearest: the bits that differ,
    and its place. And how many pictures were in a crowded bucket."""
    nearest: dict[int, tuple[int, int]] = {}
    crowded: set[int] = set()
    for band in range(BANDS):
        buckets = defaultdict[int, list[int]](list)
        for at, (_picture, bits) in enumerate(hashes):
            buckets[bits >> 8 * band & 0xFF].append(at)
        for bucket in buckets.values():
            if len(bucket) > CROWD:
                crowded.update(bucket)
                continue
            for place, at in enumerate(bucket):
                for other in bucket[:place]:
                    one, two = hashes[at][0], hashes[other][0]
                    apart = (hashes[at][1] ^ hashes[other][1]).bit_count()
                    if apart <= NEAR and one.split != two.split and one.md5 != two.md5:
                        nearest[at] = min(nearest.get(at, (65, 0)), (apart, other))
    return nearest, len(crowded)


def look(subject: Subject) -> Finding:
    """Compares pictures that share a band of their hash; identical files are another check's."""
    hashes: list[tuple[Picture, int]] = []
    unread = 0
    for picture, bits in _hashed(subject, check_statements.pictures(subject.rows)):
        if bits is None:
            unread += 1
        else:
            hashes.append((picture, bits))
    nearest, crowded = _pairs(hashes)
    items: dict[int, str] = {}
    for at in sorted(nearest)[:SHOWN]:
        picture, (apart, other) = hashes[at][0], nearest[at]
        items[picture.item] = f"{picture.split} ~ {hashes[other][0].path}, {hashes[other][0].split} ({apart})"
    parts = []
    if unread:
        parts.append(_("%(n)s pictures could not be shown.") % {"n": unread})
    if crowded:
        parts.append(_("%(n)s pictures look like too many others in part to compare all of them.") % {"n": crowded})
    facts: list[Fact] = [{"count": len(nearest)}] if nearest else []
    return Finding(len(nearest), len(hashes), facts, items, " ".join(map(str, parts)))


CHECK = Check(
    "near_duplicate_across_splits",
    _("Near duplicates across splits"),
    _("Pictures of two splits that look alike, by a hash of their small views. Reads every picture once."),
    OFF,
    look,
    of_items=True,
)
