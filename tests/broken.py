"""Good input made bad: every way in which files are met that nobody would have written by hand."""

import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

from django.apps import apps
from hypothesis import strategies as st
from PIL import Image

Files = dict[str, bytes]

ODD_TEXTS = [
    "",
    " ",
    "x",
    "nan",
    "inf",
    "-1",
    "1e999",
    "\0",
    "\ud800",
    "é" * 300,
    "../../up.png",
    "/etc/passwd",
    "C:\\a",
]
ODD_TEXTS += ["<script>alert(1)</script>", "\u202egnp.exe", "a\nb", "%00", "=1+1", "file:///etc/passwd", "1" * 5000]
ODD_NUMBERS = [0, -1, -0.0, 1e308, float("nan"), float("inf"), float("-inf"), 2**31, 2**63, 10**400, True, 1.5]
ODD_OTHERS: list[Any] = [None, [], {}, [[]], {"a": [1]}, [None] * 3, ["1", "2", "3", "4"]]
ODD_VALUES = [*ODD_TEXTS, *ODD_NUMBERS, *ODD_OTHERS]
ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "gbk"]
PAGES = [
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<!doctype html><script>alert(1)</script>",
    b"<?php system($_GET['c']); ?>",
    b"%PDF-1.4\n%%EOF",
    b"MZ\x90\0",
    b"PK\x03\x04",
    b"",
    b"\0" * 100,
]
BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]><annotations>&c;&x;</annotations>"""


def picture(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def declared(width: int, height: int) -> bytes:
    """A PNG that says it is of this size and holds a pixel."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def pictures() -> list[bytes]:
    """What lies under a picture's name."""
    jpeg = picture("JPEG")
    frames = io.BytesIO()
    Image.new("P", (40, 30)).save(frames, "GIF", save_all=True, append_images=[Image.new("P", (40, 30), 3)])
    return [
        *PAGES,
        jpeg[: len(jpeg) // 2],
        jpeg[:-2],
        jpeg[:4] + b"\xff" * 40,
        picture("JPEG", "CMYK"),
        picture("PNG", "I;16"),
        picture("TIFF", "F"),
        frames.getvalue(),
        declared(2**31 - 1, 2**31 - 1),
        declared(60_000, 60_000),
        declared(0, 0),
        picture("PNG")[:40],
        picture("WEBP"),
        picture("TIFF")[:60],
        picture(size=(7, 200)),
    ]


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, inner in rows for place in _places(inner, (*at, key)))]


def _changed(value: Any, at: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """The document with what stands `at` changed; ``change`` is given what holds it, and its key."""
    whole = [value]
    holder: Any = whole
    for key in (0, *at)[:-1]:
        holder = holder[key]
    change(holder, (0, *at)[-1])
    return whole[0] if whole else None


def _deep(text: str, opening: str, closing: str, times: int) -> str:
    return opening * times + text + closing * times


@st.composite
def json_changes(draw: st.DrawFn, data: bytes) -> bytes:
    value = json.loads(data)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.sampled_from(_places(value)))
        kind = draw(st.sampled_from(["value", "value", "value", "gone", "twice", "deep"]))
        odd = deepcopy(draw(st.sampled_from(ODD_VALUES)))

        def change(holder: Any, key: Any, kind: str = kind, odd: Any = odd) -> None:
            if kind == "value":
                holder[key] = odd
            elif kind == "gone":
                del holder[key]
            elif kind == "deep":
                holder[key] = "@deep@"
            elif isinstance(holder, list):
                holder.append(deepcopy(holder[key]))
            else:
                holder["@twice@" + str(key)] = odd

        value = _changed(value, at, change)
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    text = text.replace("@twice@", "").replace('"@deep@"', _deep("1", "[", "]", draw(st.sampled_from([70, 5000]))))
    return text.encode("utf-8", "surrogatepass")


@st.composite
def xml_changes(draw: st.DrawFn, data: bytes) -> bytes:
    root = ElementTree.fromstring(data)
    parents = [(parent, child) for parent in root.iter() for child in parent]
    for _ in range(draw(st.integers(1, 2))):
        parent, child = draw(st.sampled_from(parents))
        odd = re.sub("[\0\ud800]", "\ufffd", draw(st.sampled_from(ODD_TEXTS)))
        kind = draw(st.sampled_from(["text", "attribute", "gone", "twice", "tag"]))
        if kind == "text" or (kind == "attribute" and not child.attrib):
            child.text = odd
        elif kind == "attribute":
            child.set(draw(st.sampled_from(sorted(child.attrib))), odd)
        elif kind == "gone" and child in list(parent):
            parent.remove(child)
        elif kind == "twice":
            parent.append(child)
        else:
            child.tag = draw(st.sampled_from(["x", "script", root.tag, "image", "object"]))
    text = ElementTree.tostring(root, encoding="unicode")
    times = draw(st.sampled_from([0, 0, 0, 0, 5000]))
    return _deep(text, "<annotations>" * 1, "</annotations>", times).encode("utf-8", "replace")


@st.composite
def line_changes(draw: st.DrawFn, data: bytes) -> bytes:
    lines = data.decode().split("\n")
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(lines) - 1))
        words = re.split(r"([ ,:]+)", lines[at])
        kind = draw(st.sampled_from(["word", "word", "gone", "twice", "join"]))
        if kind == "word":
            words[draw(st.integers(0, len(words) - 1))] = str(draw(st.sampled_from(ODD_VALUES[:-8])))[:6000]
            lines[at] = "".join(words)
        elif kind == "gone":
            lines[at] = ""
        elif kind == "twice":
            lines.append(lines[at])
        else:
            lines[at] = lines[at] * draw(st.sampled_from([2, 5000]))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


@st.composite
def byte_changes(draw: st.DrawFn, data: bytes) -> bytes:
    kind = draw(st.sampled_from(["cut", "noise", "page", "encoding", "mark", "twice", "bomb"]))
    at = draw(st.integers(0, max(0, len(data) - 1)))
    if kind == "cut":
        return data[:at]
    if kind == "noise":
        noise = draw(st.sampled_from([b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"{", b"<", b'"', b"&#0;", b"1e999"]))
        return data[:at] + noise + data[at + len(noise) :]
    if kind == "page":
        return draw(st.sampled_from(PAGES))
    if kind == "encoding":
        return data.decode("utf-8", "replace").encode(draw(st.sampled_from(ENCODINGS)), "replace")
    if kind == "mark":
        return draw(st.sampled_from([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"])) + data
    return BOMB.encode() if kind == "bomb" else data + data


CHANGES = {
    ".json": json_changes,
    ".jsonl": line_changes,
    ".xml": xml_changes,
    ".txt": line_changes,
    ".csv": line_changes,
    ".yaml": line_changes,
}


def _names(base: str, suffix: str) -> list[str]:
    """What else a file may be called."""
    stem = base.removesuffix(suffix)
    odd = [base.upper(), f" {base}", f"{base}.", f"con{suffix}", f"a:b{suffix}", f"a\tb{suffix}", f"a\\b{suffix}"]
    odd += [f".git/{base}", f"\udcff{suffix}", f"{stem}.php{suffix}", f"{stem}.html", f"{stem}.zip", f"x/{base}/{base}"]
    return [*odd, f"<img src=x onerror=alert(1)>{suffix}", "é" * 100 + suffix, f"'{base}", f"\u202egnp{suffix}"]


@st.composite
def changed(draw: st.DrawFn, good: Files) -> Files:
    """The good files with one or two of them bad, missing, or under another name."""
    files = dict(good)
    for name in draw(st.sets(st.sampled_from(sorted(files)), min_size=1, max_size=2)):
        suffix = name[name.rfind(".") :]
        kind = draw(st.sampled_from(["say", "say", "say", "bytes", "bytes", "gone", "name"]))
        if kind == "say" and suffix in (".png", ".jpg"):
            files[name] = draw(st.sampled_from(pictures()))
        elif kind == "say" and suffix in CHANGES:
            files[name] = draw(CHANGES[suffix](files[name]))
        elif kind == "gone" and len(files) > 1:
            del files[name]
        elif kind == "name":
            folder = name[: name.rfind("/") + 1]
            base = name[len(folder) :]
            other = draw(st.sampled_from(_names(base, suffix)))
            files[folder + other] = files[name] if draw(st.booleans()) else files.pop(name)
        else:
            files[name] = draw(byte_changes(files[name]))
    return files


def xml_pages() -> st.SearchStrategy[bytes]:
    """Documents that a parser of XML must not follow."""
    deep = _deep("", "<View>", "</View>", 5000)
    outside = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><View><Image name="i" value="$i"/></View>'
    return st.sampled_from([BOMB.encode(), deep.encode(), outside.encode(), *PAGES])


# what a refusal may leave: bytes, what was asked for and how that ended
PASSING = {"Blob", "BlobReceipt", "Event", "ImportedLine", "Job", "LabelImport", "LabelImportPart"}
PASSING |= {"Notification", "TokenUse"}


def lasting_rows() -> dict[str, int]:
    """How many rows there are of each model that an import makes."""
    models = [model for room in apps.get_app_configs() if room.name.startswith("lode_") for model in room.get_models()]
    return {one.__name__: one._default_manager.count() for one in models if one.__name__ not in PASSING}
