"""Label Studio's run-length code of a brush's mask: read and written, byte for byte as its own SDK does.

The code is a stream of bits, highest first. Its head: 32 bits, the number of values; 5, the bits of a value less 1;
four times 4, the widths of a run's length less 1. Each run then: a bit, whether it repeats one value; 2 bits, which of
the widths its length has; the length less 1; the one value, or as many as the run is long. The values are red, green,
blue and alpha of each pixel, along the rows. A pixel is painted where its alpha is not 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from motherlode.errors import BadRegion
from motherlode.masks import Mask, crossings, transposed

__all__ = ["MAX_RUNS", "read_brush", "write_brush"]

MAX_BYTES = 1024 * 1024
"""Of a code; a mask of the size of a 4K screen rarely takes 50,000."""
MAX_RUNS = 200_000
"""Of a mask, down its columns and along its rows."""
VALUE = 8  # bits
WIDTHS = (3, 4, 8, 16)
HEAD = 32 + 5 + 4 * 4
PAINTED = f"{255:08b}"
BLANK = f"{0:08b}"
CHANNELS = 4


def read_brush(code: object, width: int, height: int) -> Mask:
    """The mask of a code on an image of that size, in pixels. Raises `BadRegion`."""
    if not isinstance(code, list):
        raise BadRegion("The mask's rle is not a list of bytes.")
    if len(code) > MAX_BYTES:
        raise BadRegion(f"The mask's rle has {len(code):,} bytes; at most {MAX_BYTES:,} are taken.")
    if {*map(type, code)} - {int} or (code and not (min(code) >= 0 and max(code) < 256)):
        raise BadRegion("The mask's rle holds something that is not a byte, a whole number from 0 to 255.")
    counts = [0]
    painted = False
    for length, is_painted in _pixels(bytes(code), width * height):
        if is_painted is not painted:
            painted = is_painted
            counts.append(0)
            if len(counts) > MAX_RUNS:
                raise BadRegion(f"The mask has more than {MAX_RUNS:,} runs along its rows.")
        counts[-1] += length
    if len(counts) < 2:
        raise BadRegion("The mask has no pixels.")
    rows = Mask(width, height, tuple(counts))
    if crossings(rows) > 2 * MAX_RUNS:
        raise BadRegion(f"The mask has more than {MAX_RUNS:,} runs down its columns.")
    return transposed(rows)


def _pixels(code: bytes, pixels: int) -> Iterator[tuple[int, bool]]:
    """How many pixels are painted or not, by turns or not, along the rows. Raises `BadRegion`."""
    bits = f"{int.from_bytes(code):0{len(code) * 8}b}"
    if len(bits) < HEAD:
        raise BadRegion("The mask's rle breaks off.")
    values = int(bits[:32], 2)
    if values != pixels * CHANNELS:
        raise BadRegion(f"The mask's rle is of {values:,} values; the image has {CHANNELS} x {pixels:,}.")
    if int(bits[32:37], 2) + 1 != VALUE:
        raise BadRegion(f"The mask's rle has values of {int(bits[32:37], 2) + 1} bits, not of {VALUE}.")
    widths = {f"{at:02b}": int(bits[37 + 4 * at : 41 + 4 * at], 2) + 1 for at in range(4)}
    at, done = HEAD, 0
    try:
        while done < values:
            start = at + 3
            at = start + widths[bits[at + 1 : start]]
            end = done + int(bits[start:at], 2) + 1
            if end > values or at + VALUE > len(bits):
                break
            if bits[start - 3] == "1":
                # the pixels whose alpha lies in the run
                yield (end // CHANNELS) - (done // CHANNELS), bits[at : at + VALUE] != BLANK
                at += VALUE
            else:
                if at + VALUE * (end - done) > len(bits):
                    break
                first = at + VALUE * (CHANNELS - 1 - done % CHANNELS)
                at += VALUE * (end - done)
                for alpha in range(first, at, VALUE * CHANNELS):
                    yield 1, bits[alpha : alpha + VALUE] != BLANK
            done = end
    except (KeyError, ValueError):
        pass
    if done < values:
        raise BadRegion("The mask's rle breaks off, or has a run that goes on beyond the image.")
    if len(bits) - at > 2 * 8:
        raise BadRegion("The mask's rle goes on behind its last pixel.")


def write_brush(mask: Mask) -> list[int]:
    """The code of a mask, in which each pixel is 0 or 255 in all of its channels."""
    counts = transposed(mask).counts
    head = f"{mask.width * mask.height * CHANNELS:032b}{VALUE - 1:05b}" + "".join(
        f"{width - 1:04b}" for width in WIDTHS
    )
    pieces = [head]
    for at, count in enumerate(counts):
        if count:
            pieces += _run(count * CHANNELS, PAINTED if at % 2 else BLANK)
    bits = "".join(pieces)
    bits += "0" * (8 - len(bits) % 8)  # a whole byte, where none is needed: as Label Studio's SDK does
    return list(int(bits, 2).to_bytes(len(bits) // 8))


def _run(length: int, value: str) -> Iterator[str]:
    most = 1 << WIDTHS[-1]
    while length > most:
        yield f"111{most - 1:016b}{value}"
        length -= most
    which = next(at for at, width in enumerate(WIDTHS) if length <= 1 << width)
    yield f"1{which:02b}{length - 1:0{WIDTHS[which]}b}{value}"
