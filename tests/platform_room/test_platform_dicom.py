"""DICOM by its extra: frames as pages, values and window from the header, and refused by name."""

import builtins
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless, SecondaryCaptureImageStorage

from lode_platform import decoding
from lode_platform.callers import Caller
from lode_platform.decoding import BadImage
from lode_platform.items import AddReport, ItemSpec, add_items
from lode_platform.models import Item, Project, User
from lode_platform.store import store
from motherlode.media import BadMedia
from motherlode.media import Image as ImageMedia
from motherlode.samples import Labels, Sample

Clients = Callable[[User], Client]
SIZE = (30, 40)  # rows and columns


def dicom(pixels: Any, syntax: UID = ExplicitVRLittleEndian, **said: Any) -> bytes:
    """A file of pixels (frames, rows, columns and colours, as far as there are any), with a patient's name."""
    colours = pixels.shape[-1] == 3
    frames, rows, columns = (
        pixels.shape[: pixels.ndim - colours] if pixels.ndim - colours == 3 else (1, *pixels.shape[:2])
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, UID("1.2.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID, file.PatientName = meta.MediaStorageSOPClassUID, "1.2.3", "Doe^Jane"
    file.Rows, file.Columns, file.SamplesPerPixel = rows, columns, 3 if colours else 1
    file.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = pixels.dtype.itemsize * 8
    file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(pixels.dtype.kind == "i")
    if colours:
        file.PlanarConfiguration = 0
    if frames > 1:
        file.NumberOfFrames = frames
    file.PixelData = pixels.tobytes()
    for name, value in said.items():
        setattr(file, name, value)
    if syntax != ExplicitVRLittleEndian:
        file.file_meta.TransferSyntaxUID, file.PixelData = syntax, encapsulate([b"no such code"])
        file["PixelData"].is_undefined_length = True
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=False)
    return out.getvalue()


def ramp(least: int, most: int, kind: str = "i2") -> Any:
    return np.tile(np.linspace(least, most, SIZE[1]), (SIZE[0], 1)).astype(kind)


def add(project: Project, data: bytes) -> AddReport:
    blob = store().add_bytes(data)
    return add_items(project, Caller(project.created_by), [ItemSpec("a.dcm", blob.md5, blob.sha256)], trusted=True)


def item_of(project: Project, data: bytes) -> Item:
    report = add(project, data)
    assert not report.problems, report.problems
    return report.created[0]


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def values(data: bytes) -> tuple[Any, float, float]:
    scale, least, low, high = np.frombuffer(data, "<f8", 4, 16)
    return least + scale * np.frombuffer(data, "<u2", offset=48).reshape(SIZE).astype(float), low, high


def test_frames_are_pages_in_values_and_shown_in_the_headers_window(
    project: Project, victor: User, client_for: Clients
) -> None:
    stored = np.stack([ramp(0, 2000), ramp(500, 1500)])
    header: dict[str, Any] = {
        "RescaleSlope": "2",
        "RescaleIntercept": "-1024",
        "WindowCenter": ["40", "0"],
        "WindowWidth": ["400", "9"],
    }
    data = dicom(stored, **header)
    item, client = item_of(project, data), client_for(victor)
    assert (item.media, item.media_type) == (ImageMedia(40, 30, 2), "application/dicom; depth=16")
    assert ImageMedia.probe(data) == item.media
    for page in (0, 1):
        found, low, high = values(body(client.get(f"/media/{item.uuid}?as=values&page={page}")))
        assert np.array_equal(found, stored[page].astype(float) * 2 - 1024)
        assert (low, high) == (-160, 240)
        shown = Image.open(io.BytesIO(body(client.get(f"/media/{item.uuid}?page={page}"))))
        assert shown.format == "PNG" and b"Jane" not in body(client.get(f"/media/{item.uuid}?page={page}"))
    assert body(client.get(f"/media/{item.uuid}?as=file")) == data


def test_low_values_that_are_white_are_turned_round(project: Project, victor: User, client_for: Clients) -> None:
    stored = ramp(0, 4095, "u2")
    header: dict[str, Any] = {
        "PhotometricInterpretation": "MONOCHROME1",
        "BitsStored": 12,
        "WindowCenter": "1000",
        "WindowWidth": "200",
    }
    item = item_of(project, dicom(stored, **header))
    found, low, high = values(body(client_for(victor).get(f"/media/{item.uuid}?as=values")))
    assert np.array_equal(found, 4095 - stored.astype(float))
    assert (low, high) == (4095 - 1100, 4095 - 900)


@pytest.mark.parametrize("kind", ["MONOCHROME2", "MONOCHROME1", "RGB"])
def test_8_bits_are_shown_as_they_are(project: Project, victor: User, client_for: Clients, kind: str) -> None:
    stored = np.zeros((*SIZE, 3), "u1") if kind == "RGB" else np.zeros(SIZE, "u1")
    stored[:, 20:] = 200
    item = item_of(project, dicom(stored, PhotometricInterpretation=kind))
    assert item.media_type == "application/dicom"
    shown: Any = Image.open(io.BytesIO(body(client_for(victor).get(f"/media/{item.uuid}")))).convert("L")
    assert [shown.getpixel((x, 5)) for x in (5, 35)] == ([255, 55] if kind == "MONOCHROME1" else [0, 200])


def test_the_window_may_stand_in_the_groups_of_a_frame(project: Project) -> None:
    def groups(centre: int) -> Dataset:
        window, rescaling, one = Dataset(), Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 100
        rescaling.RescaleSlope, rescaling.RescaleIntercept = 1, -10
        one.FrameVOILUTSequence, one.PixelValueTransformationSequence = [window], [rescaling]
        return one

    data = dicom(np.stack([ramp(0, 90)] * 2), PerFrameFunctionalGroupsSequence=[groups(50), groups(70)])
    with decoding.opened(io.BytesIO(data), 1) as image:
        image.load()
        assert image.info["window"] == (20, 120) and image.getextrema() == (-10, 80)


@pytest.mark.parametrize(("centre", "width"), [("1e300", "1"), ("5", "0"), ("5", "-3"), ("inf", "9")])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_window_that_is_none_is_passed_over(centre: str, width: str) -> None:
    with decoding.opened(io.BytesIO(dicom(ramp(0, 90), WindowCenter=centre, WindowWidth=width))) as image:
        assert decoding.drawn(image, 64, 1).getextrema()[0] == (0, 255)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            {"PhotometricInterpretation": "PALETTE COLOR"},
            "is DICOM in PALETTE COLOR, which is not read; export it in grey",
        ),
        (
            {"syntax": JPEGLSLossless},
            "is DICOM in JPEG-LS Lossless Image Compression, for which there is no codec here; export it uncompressed",
        ),
        ({"NumberOfFrames": 1001}, "has more than 1,000 pages; split it into several files"),
        ({"Rows": 60_000, "Columns": 60_000}, "has 60000 x 60000 pixels, over the limit"),
        ({"PixelData": b"\0" * 100}, "is corrupt or cut short: frame 1"),
        ({"ModalityLUTSequence": [Dataset()]}, "whose values stand in a table, which is not read"),
    ],
    ids=["palette", "codec", "frames", "pixels", "short", "table"],
)
def test_what_is_not_read_is_refused_by_name(project: Project, how: dict[str, Any], words: str) -> None:
    (problem,) = add(project, dicom(ramp(0, 90), **how)).problems
    assert words in problem.error


def test_without_the_extra_it_is_refused_with_the_remedy(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "pydicom":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    data = dicom(ramp(0, 90))
    monkeypatch.setattr(builtins, "__import__", absent)
    (problem,) = add(project, data).problems
    assert "is DICOM, which is read by the extra dicom; pip install 'motherlode[dicom]'" in problem.error
    with pytest.raises(BadMedia, match="read by the extra dicom"):
        ImageMedia.probe(data)


def test_the_sdk_reads_a_frame(tmp_path: Path) -> None:
    file = tmp_path / "a.dcm"
    file.write_bytes(dicom(np.stack([ramp(0, 90), ramp(100, 300)]), WindowCenter=200, WindowWidth=200))
    sample = Sample("a.dcm", file, "train", 40, 30, True, Labels(()), pages=2)
    stored: Any = sample.image(None, page=1)
    assert stored.getextrema() == (100, 300)
    assert [sample.image(page=page).getpixel((39, 0)) for page in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


STORED = [
    dicom(np.stack([ramp(0, 900)] * 3), WindowCenter=200, WindowWidth=200, RescaleSlope=2, RescaleIntercept=-5),
    dicom(np.stack([ramp(0, 900)] * 3), PhotometricInterpretation="MONOCHROME1"),
    dicom(np.zeros((*SIZE, 3), "u1")),
]


@pytest.mark.once
@pytest.mark.filterwarnings("ignore")
@examples(max_examples=200, deadline=None)
@given(st.sampled_from(STORED), st.integers(0, 2**32), st.integers(1, 6))
def test_whatever_the_bytes_are_they_come_in_whole_or_are_refused_by_name(data: bytes, seed: int, blows: int) -> None:
    chance, broken = random.Random(seed), bytearray(data)
    for _ in range(blows):
        at = chance.randrange(132, min(len(broken), chance.choice([700, len(data)])))
        new = chance.choice([b"\xff\xff\xff\x7f", b"\xff\xff", bytes(4), chance.randbytes(chance.choice([1, 4]))])
        broken[at : at + len(new)] = new
        if chance.random() < 0.1:
            del broken[max(140, chance.randrange(len(broken))) :]
    file, limit = io.BytesIO(broken), 2_000_000
    try:
        with decoding.opened(file) as image:
            found = decoding.probe_image(image, file, decoding.head(image, limit), limit)
    except BadImage as error:
        assert error.code in ("corrupt", "format_not_read", "too_large", "not_an_image") and error.message
        return
    for page in range(found.pages):
        with decoding.opened(file, page) as image:
            assert decoding.drawn(image, 64, 1).mode == "RGB"
