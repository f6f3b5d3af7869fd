"""DICOM files as Pillow images, a frame a page, by pydicom: the extra `dicom`.

Of the header only what shows the pixels is read: their size and kind, the rescaling to values, and the window.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image, ImageFile

from motherlode.media.medium import BadMedia

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["FORMAT", "NOT_INSTALLED", "begins", "opened"]

FORMAT = "DICOM"
NOT_INSTALLED = ("is DICOM, which is read by the extra dicom", "pip install 'motherlode[dicom]' and add it again")
_HEAD = 132
_LOOKED_UP = ("PixelValueTransformationSequence", "FrameVOILUTSequence")
_TAGS = (
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated"),
    *("BitsStored", "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "WindowCenter"),
    *("WindowWidth", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")  # uncompressed, by their UIDs
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


def begins(start: bytes) -> bool:
    """Whether a file that begins so says that it is DICOM."""
    return start[128:_HEAD] == b"DICM"


def opened(file: BinaryIO) -> Image.Image | None:
    """The image, not decoded yet, at its first frame; `seek` goes to another. None for what is not DICOM.

    Grey of 8 bits is in mode L, other grey in I or F, by its values: rescaled as the header says, and turned round
    where its low values are white. `info["window"]` has the header's window. Raises `BadMedia`: without the extra, for
    pixels that are not read, and for those that are compressed.
    """
    file.seek(0)
    start = file.read(_HEAD)
    file.seek(0)
    if not begins(start):
        return None
    try:
        import pydicom  # noqa: F401
    except ImportError:
        raise BadMedia(*NOT_INSTALLED) from None
    try:
        return _Frames(file)
    except (SyntaxError, OSError) as error:
        if isinstance(error.__cause__, BadMedia):
            raise error.__cause__ from None
        raise BadMedia(f"is DICOM that is corrupt or cut short: {error}", "export it again", "corrupt") from None


class _Frames(ImageFile.ImageFile):
    """The frames of a DICOM file; one is decoded where its pixels are first asked for."""

    format = FORMAT
    format_description = "DICOM"

    def _open(self) -> None:
        try:
            self._head = _header(self.fp)
            self._size = int(self._head.Columns), int(self._head.Rows)
            self._frames = max(1, int(self._head.get("NumberOfFrames") or 1))
            self._go(0)
        except BadMedia as error:
            raise SyntaxError(str(error)) from error
        except MemoryError:
            raise
        except Exception as error:  # pydicom raises what the bytes bring about
            raise SyntaxError(f"{type(error).__name__} {error}") from None

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return self._frames

    def tell(self) -> int:
        """The number of the frame, from 0 on."""
        return self._at

    def seek(self, frame: int) -> None:
        """Go to a frame. Raises EOFError for one that is not there."""
        if not 0 <= frame < self._frames:
            raise EOFError(f"no frame {frame}")
        if frame != self._at:
            try:
                self._go(frame)
            except (AttributeError, TypeError, ValueError, IndexError) as error:
                raise OSError(f"frame {frame + 1}: {error}") from None
            self._im = None

    def _go(self, frame: int) -> None:
        self._at = frame
        self._values = _Values(self._head, frame)
        self._mode = self._values.mode
        self.info = {} if self._values.window is None else {"window": self._values.window}

    def load(self) -> Any:
        """Decode the frame. Raises OSError."""
        if self._im is None:
            from pydicom.pixels.utils import pixel_array

            file: Any = self.fp
            try:
                file.seek(0)
                stored = pixel_array(file, index=self._at)
                self.im = self._values.image(stored).im
            except MemoryError:
                raise
            except Exception as error:  # pydicom raises what the bytes bring about
                raise OSError(f"frame {self._at + 1}: {type(error).__name__} {error}") from None
            if self.im.size != self._size:
                raise OSError(f"frame {self._at + 1} has another size than the header says")
        return Image.Image.load(self)


class _Values:
    """What a frame's stored numbers mean: a Pillow mode, values, and the window that they are shown in."""

    def __init__(self, head: Dataset, frame: int) -> None:
        self.colours = head.PhotometricInterpretation not in _GREY
        self.bits = int(head.BitsAllocated)
        self.window: tuple[float, float] | None = None
        if self.colours:
            self.mode = "RGB"
            return
        signed, slope, offset = bool(head.PixelRepresentation), *_rescaling(head, frame)
        self.slope, self.offset = slope, offset
        plain = (slope, offset) == (1.0, 0.0)
        self.mode = "L" if self.bits <= 8 and not signed and plain else "I"
        whole = slope.is_integer() and offset.is_integer() and abs(slope) * 2**16 + abs(offset) < 2**31
        if not whole or self.bits > 16:
            self.mode = "F"
        top = -1 if signed else 2 ** min(self.bits, int(head.BitsStored)) - 1
        self.turn = top if head.PhotometricInterpretation == "MONOCHROME1" else None
        if self.mode != "L" and (said := _window(head, frame)):
            low, high = said
            around = slope * top + 2 * offset
            self.window = (low, high) if self.turn is None else (around - high, around - low)

    def image(self, stored: Any) -> Image.Image:
        """The stored numbers of a frame as an image in `mode`."""
        if self.colours:
            return Image.fromarray(stored.copy())
        if self.turn is not None:
            stored = self.turn - stored.astype("int64")
        if self.mode == "L":
            return Image.fromarray((stored * (255 if self.bits == 1 else 1)).astype("uint8"))
        return Image.fromarray((stored * self.slope + self.offset).astype("float32" if self.mode == "F" else "int32"))


def _header(file: Any) -> Dataset:
    """What is read of a header. Raises `BadMedia` for pixels that are not read."""
    from pydicom import dcmread
    from pydicom.filereader import _read_file_meta_info, read_preamble

    read_preamble(file, force=False)
    syntax = _read_file_meta_info(file).TransferSyntaxUID
    if syntax not in _PLAIN:  # told before anything is unpacked: few bytes may stand for more than there is memory
        raise BadMedia(f"is DICOM in {syntax.name}, for which there is no codec here", "export it uncompressed")
    file.seek(0)
    head = dcmread(file, stop_before_pixels=True, specific_tags=list(_TAGS))
    kind, samples, bits = str(head.PhotometricInterpretation), int(head.SamplesPerPixel), int(head.BitsAllocated)
    if kind not in (*_GREY, *_COLOURS) or (kind in _GREY) != (samples == 1) or samples not in (1, 3):
        raise BadMedia(f"is DICOM in {kind}, which is not read", "export it in grey or RGB")
    if bits not in (1, 8, 16, 32) or (samples == 3 and bits != 8):
        raise BadMedia(
            f"is DICOM of {samples} x {bits} bits a pixel, which is not read", "export it in grey or 8-bit RGB"
        )
    if head.get("ModalityLUTSequence"):
        raise BadMedia("is DICOM whose values stand in a table, which is not read", "export it with a rescale slope")
    return head


def _said(head: Dataset, frame: int, group: str, name: str) -> Any:
    """What the header says for a frame: as a whole, or in the groups of that frame or of all frames."""
    if (found := head.get(name)) is not None:
        return found
    each, shared = head.get("PerFrameFunctionalGroupsSequence") or (), head.get("SharedFunctionalGroupsSequence") or ()
    for groups in (*each[frame : frame + 1], *shared[:1]):
        for one in (groups.get(group) or ())[:1]:
            if (found := one.get(name)) is not None:
                return found
    return None


def _rescaling(head: Dataset, frame: int) -> tuple[float, float]:
    """The slope and the intercept from stored numbers to values."""
    slope, offset = (_said(head, frame, _LOOKED_UP[0], name) for name in ("RescaleSlope", "RescaleIntercept"))
    return float(slope or 1), float(offset or 0)


def _window(head: Dataset, frame: int) -> tuple[float, float] | None:
    """The first window that the header names, as the values that are shown black and white."""
    centre, width = (_said(head, frame, _LOOKED_UP[1], name) for name in ("WindowCenter", "WindowWidth"))
    centre, width = (
        one[0] if isinstance(one, (list, tuple)) or hasattr(one, "insert") else one for one in (centre, width)
    )
    if centre is None or width is None:
        return None
    low, high = float(centre) - float(width) / 2, float(centre) + float(width) / 2
    return (low, high) if -math.inf < low < high < math.inf else None
