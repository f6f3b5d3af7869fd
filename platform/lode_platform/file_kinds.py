"""What bytes are that no reader of pictures takes, as far as their beginning tells. No Django here."""

from collections.abc import Container, Sequence

KINDS: Sequence[tuple[int, bytes, str]] = (
    (0, b"8BPS", "Photoshop"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\xff\xd8\xff\xf7", "JPEG-LS"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"qoif", "QOI"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5"),
    (0, b"%PDF", "PDF"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM video"),
)  # where, which bytes, what has them there
BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "Canon RAW",
}  # of files in ISO's media format; every other is video
OURS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
TIFFS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def refusal(start: bytes, formats: Container[str], readers: Sequence[str]) -> tuple[str, str]:
    """Why no reader took what begins with ``start``: a code, and words that follow the file's name. ``formats`` are
    those that are read, ``readers`` those that are named for people."""
    known = ", ".join(readers)
    if not start:
        return "not_an_image", "is empty"
    if start.startswith(TIFFS):
        remedy = "save it as 8-bit grey or RGB, or as 16-bit or 32-bit grey"
        return "format_not_read", f"is a TIFF of pixels that are not read here, or is cut short; {remedy}"
    if start.startswith(OURS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "corrupt", "is corrupt or cut short: its head cannot be read"
    kind = next((name for at, magic, name in KINDS if start[at : at + len(magic)] == magic), "")
    if start[4:8] == b"ftyp":
        kind = BRANDS.get(start[8:12], "video")
        if kind in formats:
            return "corrupt", "is corrupt or cut short: its head cannot be read"
    elif b"<svg" in start:
        kind = "SVG"
    elif start[:1] == b"P" and start[1:2] in b"1234567" and start[2:3].isspace():
        kind = "PNM"
    if kind:
        return "format_not_read", f"is {kind}, which is not read here; save it as one of {known}"
    return "not_an_image", f"is not an image of a kind we read ({known})"
