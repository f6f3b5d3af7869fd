"""Looking at pictures and cutting views of them, each knowing beforehand how much memory it takes. No Django here.

Run as a program it decodes one large picture, from its standard input, in a process of its own that may not grow past a
limit; ``lode_platform.memory`` says when that is done.

A large picture is kept as a mosaic: a folder of JPEG tiles, ``<column>-<row>.jpg`` of ``TILE`` pixels of the upright
picture, and ``overview.jpg``, an ``OVERVIEW``-th of it. Any view of any part is put together from a few of them.
"""

import json
import struct
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

from PIL import Image, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError, features

from lode_platform import deep
from lode_platform.file_kinds import refusal
from motherlode import dicoms
from motherlode.media import BadMedia
from motherlode.pictures import QUARTER_TURNS, Window, as_rgb, is_deep, orientation_of, turned, window_of
from motherlode.tiffs import ALIKE, MOST_PAGES, TOO_MANY, differing, places_of, turn_to

FORMATS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG with more pictures behind it, as phones write
    "PNG": "image/png",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    dicoms.FORMAT: "application/dicom",
} | ({"AVIF": "image/avif"} if features.check("avif") else {})
READERS = [name for name in FORMATS if name not in ("MPO", dicoms.FORMAT)]  # what Pillow opens; MPO by its JPEG reader
MAX_SIDE = 65_500  # pixels, as JPEG's and browsers' own
TILE = 1024
OVERVIEW = 8
STRIP = 1 << 20  # pixels that are converted at a time
SHRINKS = (8, 4, 2)  # what JPEG can be decoded at for little
BYTES = {"WEBP": 16, "AVIF": 12, dicoms.FORMAT: 28}  # a pixel at the peak of decoding, measured; else by the mode
MODE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
QUICK = 1  # of PNG's levels of compression
TILE_PIXELS = 1 << 22  # of a TIFF's own tile, however small the picture is
MOST_TOGETHER = 1 << 30  # pixels of all pages of a file, which are all decoded once
ROOM = 160 << 20  # bytes that a process of its own has beside the pixels

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked on the header, before a pixel is decoded
warnings.filterwarnings("ignore", module=r"PIL\.")  # of what it makes the best of; once, for all threads


class BadImage(Exception):
    """The bytes are not a picture that we take; ``code`` names why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class ImageInfo:
    """What is read from an image once. ``width`` and ``height`` are those of the upright image, in pixels, and of each
    of its ``pages``."""

    media_type: str
    width: int
    height: int
    orientation: int
    pages: int = 1


@dataclass(frozen=True)
class Head:
    """What an image's first bytes tell: its size as stored, and the bytes of memory that looking at it takes.

    ``probe`` is the most that checking takes, whatever the bytes turn out to be; ``decode`` what all its pixels take.
    """

    width: int
    height: int
    probe: int
    decode: int


# -- looking ----------------------------------------------------------------------------------------------------------


def opened(file: BinaryIO, page: int = 0) -> Image.Image:
    """The image, not decoded yet, at one of its pages. Raises ``BadImage`` (not_an_image, format_not_read, corrupt)."""
    try:
        image = dicoms.opened(file) or Image.open(file, formats=READERS)
    except BadMedia as error:
        raise BadImage("corrupt" if error.code == "corrupt" else "format_not_read", str(error)) from None
    except UnidentifiedImageError:
        raise _unknown(file) from None
    except MemoryError:
        raise _too_large() from None
    except BROKEN as error:
        raise BadImage("corrupt", f"is corrupt or cut short: {error}") from None
    places = places_of(image, file)
    if len(places) > MOST_PAGES:
        raise BadImage("too_large", "; ".join(TOO_MANY))
    if page >= max(1, len(places)):
        raise BadImage("corrupt", f"is corrupt or cut short: its page {page + 1} is not there")
    _turn(image, places, page)
    return image


def _turn(image: Image.Image, places: Sequence[int], page: int) -> None:
    """Turns an image to a page. Raises ``BadImage`` where that cannot be read, for colours that are not converted, and
    for a tile that takes far more memory than the picture."""
    try:
        turn_to(image, places, page)
    except BROKEN as error:
        raise BadImage("corrupt", f"is corrupt or cut short: {error}") from None
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    if image.mode == "LAB":
        raise BadImage("format_not_read", "is a TIFF in L*a*b* colours, which is not read here; save it in RGB")
    across, down = image.tag_v2.get(TiffImagePlugin.TILEWIDTH, 1), image.tag_v2.get(TiffImagePlugin.TILELENGTH, 1)
    if not isinstance(across, int) or not isinstance(down, int):
        raise BadImage("corrupt", "is corrupt: its tiles have no size")
    if across * down > max(2 * image.width * image.height, TILE_PIXELS):
        raise BadImage("too_large", f"has tiles of {across} x {down} pixels, far more than the picture; save it anew")


BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, KeyError, TypeError)
"""What Pillow raises for bytes that are not what they begin as."""


def _unknown(file: BinaryIO) -> BadImage:
    """Why no reader took the bytes: what they are, where that can be told."""
    file.seek(0)
    return BadImage(*refusal(file.read(1024), FORMATS, READERS))


def _too_large() -> BadImage:
    return BadImage("too_large", "is too large to decode on this server")


def head(image: Image.Image, most_pixels: int) -> Head:
    """What the image's head tells. Raises ``BadImage`` (too_large) for what takes more memory than ``most_pixels``
    pixels of four bytes."""
    width, height = image.size
    if width < 1 or height < 1:
        raise BadImage("corrupt", "has no pixels")
    if width * height > most_pixels:
        raise BadImage("too_large", f"has {width} x {height} pixels, over the limit of {most_pixels}")
    if max(width, height) > MAX_SIDE:
        raise BadImage("too_large", f"has {width} x {height} pixels, over the limit of {MAX_SIDE} a side")
    pixels = width * height
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        held = _coefficients(image)
        found = Head(width, height, held + pixels // 16, held + 4 * pixels)
        certain = found.decode if image.info.get("progressive") else 4 * pixels
    else:
        certain = pixels * _pixel_bytes(image)
        found = Head(width, height, certain, certain)
    if certain > 4 * most_pixels:
        kind = "a progressive JPEG" if image.format in ("JPEG", "MPO") else image.format
        pixels_of_kind = 4 * most_pixels * pixels // certain
        raise BadImage(
            "too_large",
            f"has {width} x {height} pixels, over the limit of {pixels_of_kind} for {kind}, which takes more memory"
            " to decode; save it as PNG or as a JPEG that is not progressive",
        )
    return found


def _pixel_bytes(image: Image.Image) -> int:
    """The bytes of memory that a pixel takes at the peak of decoding, of an image that is not a JPEG."""
    stored = BYTES.get(image.format or "", MODE_BYTES.get(image.mode, 4))
    return 3 * stored if image.format == "TIFF" else stored  # a strip may be all of it, and turning it takes a copy


def _coefficients(image: JpegImagePlugin.JpegImageFile) -> int:
    """The bytes of the coefficients of all scans, which a JPEG of several scans holds while it is decoded."""
    layers = [(across, down) for _, across, down, _ in image.layer] or [(1, 1)]
    most = max(across for across, _ in layers) * max(down for _, down in layers)
    return 2 * image.width * image.height * sum(across * down for across, down in layers) // max(1, most)


def probe_image(image: Image.Image, file: BinaryIO, seen: Head, most_pixels: int) -> ImageInfo:
    """Decodes an opened image to its last byte, page after page. Raises ``BadImage`` if it is corrupt or too large."""
    image.draft("RGB", (max(1, seen.width // 8), max(1, seen.height // 8)))  # JPEG: all is read, few pixels made
    found = _probed(image, seen, most_pixels)
    return replace(found, pages=_probed_pages(image, file))


def _probed_pages(image: Image.Image, file: BinaryIO) -> int:
    """How many pages an image has that was decoded at its first; the others are decoded too, one at a time. Raises
    ``BadImage`` for pages that are not alike, are corrupt, or are too many pixels together."""
    if len(places := places_of(image, file)) < 2:
        return 1
    if (together := len(places) * image.width * image.height) > MOST_TOGETHER:
        raise BadImage(
            "too_large",
            f"has {len(places)} pages of {image.width} x {image.height}, {together:,} pixels, over the limit of"
            f" {MOST_TOGETHER:,} for all pages together; split it into several files",
        )
    try:
        different = differing(image, places)
    except BROKEN as error:
        raise BadImage("corrupt", f"is corrupt or cut short: {error}") from None
    if different:
        raise BadImage("format_not_read", f"{different}; {ALIKE}")
    for page in range(1, len(places)):
        _turn(image, places, page)
        _load(image)
    return len(places)


def _probed(image: Image.Image, seen: Head, most_pixels: int) -> ImageInfo:
    _load(image)
    media_type = FORMATS[image.format or ""] + (deep.MARK if is_deep(image) else "")
    orientation = orientation_of(image)
    if orientation != 1 and media_type != "image/jpeg" and 2 * seen.decode > 4 * most_pixels:
        raise BadImage(
            "too_large",
            f"has {seen.width} x {seen.height} pixels and lies on its side (EXIF orientation {orientation}), which"
            f" takes twice the memory: turn it upright, or save it as JPEG",
        )
    width, height = seen.width, seen.height
    if orientation in QUARTER_TURNS:
        width, height = height, width
    return ImageInfo(media_type, width, height, orientation)


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except MemoryError:
        raise _too_large() from None
    except BROKEN as error:
        raise BadImage("corrupt", f"is corrupt or cut short: {error}") from None


# -- views ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Area:
    """A part of an image in whole pixels, edges xyxy."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def size(self) -> tuple[int, int]:
        return self.x2 - self.x1, self.y2 - self.y1

    @property
    def longest(self) -> int:
        return max(self.size)

    def scaled(self, across: float, down: float) -> "Area":
        """The area in an image that is so many times as wide and high, at least a pixel of it."""
        x1, y1 = int(self.x1 * across), int(self.y1 * down)
        return Area(x1, y1, max(x1 + 1, round(self.x2 * across)), max(y1 + 1, round(self.y2 * down)))

    def stored(self, orientation: int, width: int, height: int) -> "Area":
        """The area of the upright image, ``width`` x ``height``, in the image as it is stored."""
        x1, y1, x2, y2 = self.x1, self.y1, self.x2, self.y2
        if orientation in (2, 3, 6, 7):
            x1, x2 = width - x2, width - x1
        if orientation in (3, 4, 7, 8):
            y1, y2 = height - y2, height - y1
        return Area(y1, x1, y2, x2) if orientation in QUARTER_TURNS else Area(x1, y1, x2, y2)


def drawing_bytes(image: Image.Image, size: int, area: Area | None = None) -> int:
    """What ``drawn`` holds at its peak, about."""
    pixels = image.width * image.height
    longest = area.longest if area else max(image.size)
    width, height = area.size if area else image.size
    shrink = longest // (2 * size)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        drafted = next((known for known in SHRINKS if known <= shrink), 1)
        decoded = _coefficients(image) + 4 * pixels // drafted**2
    else:
        decoded = pixels * _pixel_bytes(image)
    return decoded + 12 * min(STRIP, pixels) + 8 * width * height // max(1, shrink) ** 2


def drawn(image: Image.Image, size: int, orientation: int, area: Area | None = None) -> Image.Image:
    """A small RGB view of an opened image, upright, its longer side at most ``size`` pixels; of the part ``area``, in
    pixels of the upright image. Beside the decoded image it holds little: pixels are converted in strips."""
    quarter = orientation in QUARTER_TURNS
    across, down = image.size[::-1] if quarter else image.size
    area = area or Area(0, 0, across, down)
    if (shrink := area.longest // (2 * size)) > 1:
        image.draft("RGB", (max(1, image.width // shrink), max(1, image.height // shrink)))
    _load(image)
    new_across, new_down = image.size[::-1] if quarter else image.size
    part = area.scaled(new_across / across, new_down / down)
    flat = _shrunk(
        image, part.stored(orientation, new_across, new_down), max(1, part.longest // (2 * size)), _window(image)
    )
    upright = turned(flat, orientation)
    upright.thumbnail((size, size), Image.Resampling.LANCZOS)
    return upright


def _shrunk(image: Image.Image, area: Area, factor: int, window: Window | None) -> Image.Image:
    """The area in RGB, each ``factor`` x ``factor`` pixels made one, strip by strip."""
    width, height = area.size
    step = max(1, STRIP // (width * factor)) * factor
    if factor == 1 and height <= step:
        return as_rgb(image.crop(_box(area)), window)
    whole = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, step):
        bottom = min(top + step, height)
        strip = as_rgb(image.crop((area.x1, area.y1 + top, area.x2, area.y1 + bottom)), window)
        whole.paste(strip.reduce(factor), (0, top // factor))
    return whole


def _window(image: Image.Image) -> Window | None:
    """The window of a loaded image, None of one in 8 bits."""
    return window_of(image) if is_deep(image) else None


def write_upright(image: Image.Image, orientation: int, target: Path) -> None:
    """Writes the first picture of an opened image as PNG, upright, in 8 bits that browsers show."""
    _load(image)
    shown = image
    if is_deep(image):
        shown = _shrunk(image, Area(0, 0, *image.size), 1, _window(image)).getchannel(0)
    elif image.mode not in PNG_MODES:
        shown = as_rgb(image)
    turned(shown, orientation).save(target, "PNG", compress_level=QUICK)


def write_values(image: Image.Image, orientation: int, target: Path) -> None:
    """Writes the pixels of an opened image of deep grey, upright, as numbers."""
    _load(image)
    deep.write_values(turned(image, orientation), target)


# -- mosaics ----------------------------------------------------------------------------------------------------------


def write_mosaic(image: Image.Image, orientation: int, folder: Path) -> None:
    """Writes the mosaic of an opened image into an empty folder."""
    _load(image)
    window = _window(image)
    width, height = image.size[::-1] if orientation in QUARTER_TURNS else image.size
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            area = Area(left, top, min(left + TILE, width), min(top + TILE, height)).stored(orientation, width, height)
            tile = turned(_shrunk(image, area, 1, window), orientation)
            tile.save(folder / f"{left // TILE}-{top // TILE}.jpg", "JPEG", quality=92)
    whole = Area(0, 0, *image.size)
    turned(_shrunk(image, whole, OVERVIEW, window), orientation).save(folder / "overview.jpg", "JPEG", quality=92)


def from_mosaic(folder: Path, size: int, area: Area) -> Image.Image:
    """As ``drawn``, from a mosaic. Raises ``FileNotFoundError`` where it is gone."""
    scale = area.longest / size
    if scale >= OVERVIEW:
        with Image.open(folder / "overview.jpg") as image:
            view = as_rgb(image.crop(_box(area.scaled(1 / OVERVIEW, 1 / OVERVIEW))))
    else:
        shrink = next((shrink for shrink in SHRINKS if shrink <= scale), 1)
        view = _joined(folder, area, shrink)
    view.thumbnail((size, size), Image.Resampling.LANCZOS)
    return view


def canvas_bytes(size: int, area: Area) -> int:
    """What ``from_mosaic`` holds at its peak, about."""
    scale = area.longest / size
    shrink = OVERVIEW if scale >= OVERVIEW else next((shrink for shrink in SHRINKS if shrink <= scale), 1)
    tile = TILE // shrink
    width, height = (side // shrink + 2 * tile for side in area.size)
    return 8 * width * height + 8 * TILE * TILE


def _box(area: Area) -> tuple[int, int, int, int]:
    return area.x1, area.y1, area.x2, area.y2


def _joined(folder: Path, area: Area, shrink: int) -> Image.Image:
    """The tiles that the area touches, shrunk and joined, cut to it."""
    columns = range(area.x1 // TILE, (area.x2 - 1) // TILE + 1)
    rows = range(area.y1 // TILE, (area.y2 - 1) // TILE + 1)
    step = TILE // shrink
    canvas = Image.new("RGB", (len(columns) * step, len(rows) * step))
    for row in rows:
        for column in columns:
            with Image.open(folder / f"{column}-{row}.jpg") as tile:
                wanted = (-(-tile.width // shrink), -(-tile.height // shrink))
                tile.draft("RGB", wanted)
                part = tile.convert("RGB") if tile.size == wanted else tile.resize(wanted)
            canvas.paste(part, ((column - columns.start) * step, (row - rows.start) * step))
    left, top = columns.start * TILE, rows.start * TILE
    part_of = Area(area.x1 - left, area.y1 - top, area.x2 - left, area.y2 - top)
    return canvas.crop(_box(part_of.scaled(1 / shrink, 1 / shrink)))


Writer: TypeAlias = Callable[[Image.Image, int, Path], None]
WRITERS: dict[str, Writer] = {"mosaic": write_mosaic, "upright": write_upright, "values": write_values}
"""What is kept of a picture, by name."""


# -- as a program -----------------------------------------------------------------------------------------------------


def _program(words: Sequence[str], file: BinaryIO) -> dict[str, object]:
    """``probe LIMIT FOLDER``, or ``mosaic``, ``upright`` or ``values`` with ``LIMIT TARGET ORIENTATION PAGE``."""
    verb, most_pixels, target = words[0], int(words[1]), Path(words[2])
    try:
        with opened(file, 0 if verb == "probe" else int(words[4])) as image:
            seen = head(image, most_pixels)
            if verb == "probe":
                picture = _probed(image, seen, most_pixels)
                write_mosaic(image, picture.orientation, target)
                return asdict(replace(picture, pages=_probed_pages(image, file)))
            WRITERS[verb](image, int(words[3]), target)
            return {}
    except BadImage as error:
        return {"code": error.code, "message": error.message}
    except MemoryError:
        return {"code": "too_large", "message": _too_large().message}


def _bound(most: int) -> None:
    """Lets this process hold no more than so many bytes, where the system can be told so."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    _bound(4 * int(sys.argv[2]) + ROOM)
    print(json.dumps(_program(sys.argv[1:], sys.stdin.buffer)))
