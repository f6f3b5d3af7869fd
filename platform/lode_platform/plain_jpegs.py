"""Small JPEGs without anything special, decoded to the last byte in a fifth of the time that Pillow takes.

Of a small picture most of Pillow's time goes into making its objects. Only what decodes without a warning is taken from
here: all else, and every refusal, is Pillow's to judge. No Django here.
"""

from lode_platform.decoding import ImageInfo

try:
    import simplejpeg
except ImportError:  # there is no wheel of it for this system: Pillow looks at all
    simplejpeg = None

MOST_BYTES = 1 << 20  # of a file that is read for it
MOST_PIXELS = 1 << 20  # larger ones take memory that `lode_platform.memory` has to know of
BASELINE = (0xC0, 0xC1)  # all pixels in one frame, none of them made more exact by later scans
PASSED_OVER = (0xC4, 0xDB, 0xDD, 0xE0, 0xFE)  # tables, restart interval, JFIF's head, comments
SCAN = 0xDA


def looked_at(data: bytes, most_pixels: int) -> ImageInfo | None:
    """What a JPEG is, of at most ``MOST_PIXELS`` and ``most_pixels``; None where somebody else has to look."""
    size = _size(data) if simplejpeg is not None else None
    if size is None or size[0] * size[1] > min(MOST_PIXELS, most_pixels):
        return None
    try:
        simplejpeg.decode_jpeg(data, "GRAY", fastdct=True, min_height=1, min_width=1, min_factor=8)
    except ValueError:
        return None
    return ImageInfo("image/jpeg", *size, orientation=1)


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a baseline JPEG in grey or colour that holds nothing else before its first scan: no EXIF,
    which may turn it, and no list of more pictures."""
    if data[:2] != b"\xff\xd8":
        return None
    found, at, end = None, 2, len(data) - 10
    while at < end and data[at] == 0xFF:
        kind, body = data[at + 1], at + 4
        length = data[at + 2] << 8 | data[at + 3]
        if kind == SCAN:
            return found if found and found[0] and found[1] else None
        if kind in BASELINE and found is None and data[body] == 8 and data[body + 5] in (1, 3):
            found = (data[body + 3] << 8 | data[body + 4], data[body + 1] << 8 | data[body + 2])
        elif kind not in PASSED_OVER:
            return None
        at += 2 + length
    return None
