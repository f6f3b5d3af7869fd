"""Items at the door: names, hashes, receipts, pictures; each refused or taken on its own."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from lode_platform.callers import Caller
from lode_platform.errors import Conflict
from lode_platform.items import AddReport, ItemSpec, add_items, restore, trash
from lode_platform.models import BlobReceipt, Event, Item, Project, User
from lode_platform.store import store

MakeItems = Callable[..., list[Item]]


def picture(width: int = 8, height: int = 4, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 64).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def add(project: Project, files: dict[str, bytes], user: User | None = None, **options: Any) -> AddReport:
    """Puts the bytes into the store as the server's own, then makes items of them."""
    specs = []
    for path, data in files.items():
        blob = store().add_bytes(data)
        specs.append(ItemSpec(path, blob.md5, blob.sha256))
    return add_items(project, Caller(user or project.created_by), specs, **{"trusted": True, **options})


def codes(report: AddReport) -> dict[str, str]:
    return {problem.path: problem.code for problem in report.problems}


def test_an_item_has_the_size_of_its_picture(project: Project) -> None:
    report = add(project, {"a/b.png": picture(8, 4)})
    (item,) = report.created
    assert (item.path, item.width, item.height, item.media_type) == ("a/b.png", 8, 4, "image/png")


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (8, 4)), (3, (8, 4)), (5, (4, 8)), (6, (4, 8)), (8, (4, 8)), (9, (8, 4))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_width_and_height_are_those_of_the_upright_picture(
    project: Project, orientation: int, size: tuple[int, int], kind: str
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    (item,) = add(project, {"x": picture(8, 4, kind, exif=exif)}).created
    assert (item.width, item.height) == size
    assert item.orientation == (orientation if orientation < 9 else 1)


@pytest.mark.parametrize(
    "path",
    ["../x.png", "/x.png", "a//x.png", "a/../x.png", "C:x.png", "a\\x.png", "a\x00.png", ".git/x.png", "x.dvc", ""],
)
def test_an_unsafe_name_is_refused_and_the_rest_comes_in(project: Project, path: str) -> None:
    report = add(project, {path: picture(), "good.png": picture()})
    assert codes(report) == {path: "unsafe_path"}
    assert [item.path for item in report.created] == ["good.png"]


def test_names_are_kept_in_nfc(project: Project) -> None:
    (item,) = add(project, {"cafe\u0301.png": picture()}).created
    assert item.path == "caf\u00e9.png"


@pytest.mark.parametrize("second", ["A/ONE.png", "a", "a/one.png/two.png"])
def test_names_that_clash_are_refused_within_a_batch_and_across(project: Project, second: str) -> None:
    report = add(project, {"a/one.png": picture(), second: picture()})
    assert codes(report) == {second: "path_clash"}
    later = add(project, {second: picture()})
    assert codes(later) == {second: "path_clash"}


def test_a_folder_is_no_longer_in_use_when_its_items_are_in_the_trash(project: Project) -> None:
    (item,) = add(project, {"a/one.png": picture()}).created
    trash(item, project.created_by)
    assert add(project, {"a": picture()}).created


def test_the_same_name_and_bytes_again_is_the_same_item(project: Project) -> None:
    data = picture()
    (item,) = add(project, {"x.png": data}).created
    again = add(project, {"x.png": data})
    assert [old.pk for old in again.existing] == [item.pk] and not again.created
    assert codes(add(project, {"x.png": picture()})) == {"x.png": "path_taken"}


def test_the_same_bytes_under_two_names_are_stored_once_and_decoded_once(project: Project) -> None:
    data = picture()
    first, second = add(project, {"x.png": data, "y.png": data}).created
    assert first.blob_id == second.blob_id


CUT = picture(64, 64, "JPEG")[:-40]
FLIPPED = bytearray(picture(64, 64))
FLIPPED[len(FLIPPED) // 2] ^= 0xFF


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (CUT, "corrupt"),
        (picture(64, 64)[:-60], "corrupt"),
        (bytes(FLIPPED), "corrupt"),
        (b"GIF89a", "corrupt"),
        (b"not a picture", "not_an_image"),
        (b"", "not_an_image"),
    ],
)
def test_what_is_no_whole_picture_is_refused_and_the_rest_comes_in(project: Project, data: bytes, code: str) -> None:
    report = add(project, {"bad": data, "good.png": picture()})
    assert codes(report)["bad"] == code
    assert len(report.created) == 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom", "video"),
        (b"\xff\x0a", "JPEG XL"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_a_format_that_is_not_read_is_named_and_never_called_corrupt(project: Project, data: bytes, kind: str) -> None:
    report = add(project, {"scan": data})
    assert codes(report) == {"scan": "format_not_read"}
    assert f"is {kind}, " in report.problems[0].error and "save it as one of JPEG" in report.problems[0].error


def test_a_picture_that_takes_more_memory_than_the_limit_is_worth_is_refused_by_its_kind(
    project: Project, settings: LazySettings
) -> None:
    settings.MAX_IMAGE_PIXELS = 100 * 100
    plain, slow, lying = (io.BytesIO() for _ in range(3))
    image = Image.effect_noise((90, 90), 50).convert("RGB")
    image.save(plain, "JPEG")
    image.save(slow, "JPEG", progressive=True, subsampling=0)
    exif = Image.Exif()
    exif[274] = 6
    image.save(lying, "PNG", exif=exif)
    files = {"plain.jpg": plain.getvalue(), "slow.jpg": slow.getvalue(), "lying.png": lying.getvalue()}
    report = add(project, files)
    assert [item.path for item in report.created] == ["plain.jpg"]
    said = {problem.path: problem.error for problem in report.problems}
    assert codes(report) == {"slow.jpg": "too_large", "lying.png": "too_large"}
    assert "a progressive JPEG" in said["slow.jpg"] and "orientation 6" in said["lying.png"]


def test_a_picture_over_the_pixel_limit_is_refused_before_it_is_decoded(
    project: Project, settings: LazySettings
) -> None:
    settings.MAX_IMAGE_PIXELS = 1000
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    report = add(project, {"bomb.png": bomb.getvalue(), "good.png": picture(10, 10)})
    assert codes(report) == {"bomb.png": "too_large"}


def test_bytes_are_linked_only_after_this_caller_has_sent_them(project: Project, erin: User) -> None:
    data = picture()
    assert codes(add(project, {"x.png": data}, erin, trusted=False)) == {"x.png": "not_sent"}
    BlobReceipt.objects.create(user=erin, blob=store().add_bytes(data))
    assert add(project, {"x.png": data}, erin, trusted=False).created


def test_bytes_that_the_caller_sees_as_an_item_need_not_be_sent(
    project: Project, alice: User, erin: User, charlie: User
) -> None:
    data = picture()
    add(project, {"x.png": data})
    assert add(project, {"y.png": data}, erin, trusted=False).created
    other = Project.objects.create(name="other", created_by=charlie)
    assert codes(add(other, {"x.png": data}, charlie, trusted=False)) == {"x.png": "not_sent"}


def test_a_sha256_that_is_not_the_blobs_is_refused(project: Project) -> None:
    blob = store().add_bytes(picture())
    report = add_items(project, Caller(project.created_by), [ItemSpec("x.png", blob.md5, "0" * 64)], trusted=True)
    assert codes(report) == {"x.png": "hash_mismatch"}


def test_the_client_chooses_the_uuid(project: Project) -> None:
    name, blob = uuid4(), store().add_bytes(picture())
    spec = ItemSpec("x.png", blob.md5, blob.sha256, uuid=name, group="patient 7", metadata={"stain": "H&E"})
    (item,) = add_items(project, Caller(project.created_by), [spec], trusted=True).created
    assert (item.uuid, item.group, item.metadata) == (name, "patient 7", {"stain": "H&E"})
    other = ItemSpec("y.png", blob.md5, blob.sha256, uuid=name)
    assert codes(add_items(project, Caller(project.created_by), [other], trusted=True)) == {"y.png": "uuid_taken"}


def test_statements_do_not_grow_with_the_items(project: Project) -> None:
    def statements(count: int, prefix: str) -> int:
        files = {f"{prefix}/{n}.png": picture(8 + n, 8) for n in range(count)}
        with CaptureQueriesContext(connection) as small:
            specs = [
                ItemSpec(p, b.md5, b.sha256) for p, b in zip(files, store().add_many(list(files.values())), strict=True)
            ]
            add_items(project, Caller(project.created_by), specs, trusted=True)
        return len(small)

    statements(1, "warm")
    assert statements(5, "a") == statements(50, "b")


def test_trash_and_back(project: Project, alice: User) -> None:
    (item,) = add(project, {"x.png": picture()}).created
    trash(item, alice)
    assert not Item.objects.visible_to(Caller(alice)).exists()
    restore(item, alice)
    assert Item.objects.visible_to(Caller(alice)).get() == item
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == ["items.trash", "items.restore"]


def test_an_item_does_not_come_back_under_a_name_that_is_taken(project: Project, alice: User) -> None:
    (item,) = add(project, {"x.png": picture()}).created
    trash(item, alice)
    add(project, {"X.png": picture()})
    with pytest.raises(Conflict):
        restore(item, alice)
