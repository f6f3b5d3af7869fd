"""Fetches the third-party browser files we ship, from npm, and records each in vendor.json.

``python scripts/vendor.py`` rewrites ``platform/lode_platform/static/vendor``; nothing else ever writes there, and
``tests/web/test_web_vendor.py`` checks the committed files against the record. Needs the npm client; the server
itself never does.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "platform" / "lode_platform" / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package: which of its files we ship, and what we change in them."""

    name: str
    version: str
    licence: str
    folder: str
    files: dict[str, str] = field(default_factory=dict)  # path in the package -> name in our folder
    edits: tuple[tuple[str, str], ...] = ()  # exact replacements, written into vendor.json


PACKAGES = [
    Package("@tabler/core", "1.6.1", "MIT", "tabler", {"dist/css/tabler.min.css": "tabler.min.css"}),
    Package("@tabler/icons", "3.51.0", "MIT", "tabler-icons"),
    Package("htmx.org", "2.0.11", "0BSD", "htmx", {"dist/htmx.min.js": "htmx.min.js"}),
    Package("vega", "6.4.0", "BSD-3-Clause", "vega", {"build/vega.min.js": "vega.min.js"}),
    Package("vega-lite", "6.4.3", "BSD-3-Clause", "vega-lite", {"build/vega-lite.min.js": "vega-lite.min.js"}),
    Package(
        "vega-interpreter",
        "2.3.2",
        "BSD-3-Clause",
        "vega-interpreter",
        {"build/vega-interpreter.js": "vega-interpreter.js"},
        # Vega's bundle already holds vega-util; the shim hands its functions on.
        (("from 'vega-util'", "from '../../lode/vega-util.js'"),),
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "inter",
        {
            "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        },
    ),
    Package(
        "@fontsource-variable/jetbrains-mono",
        "5.3.0",
        "OFL-1.1",
        "jetbrains-mono",
        {"files/jetbrains-mono-latin-wght-normal.woff2": "jetbrains-mono-latin.woff2"},
    ),
]

# The icons in the sprite, by Tabler's names (tabler.io/icons); add one, run this script, use {% icon "name" %}.
ICONS = """
activity adjustments alert-circle alert-triangle align-justified ambulance archive arrow-back-up arrow-down
arrow-forward-up arrow-left arrow-merge arrow-narrow-right arrow-right arrow-up arrows-diff arrows-exchange
arrows-left-right arrows-maximize arrows-move arrows-sort at ban bell bolt book bookmark border-outer box
box-multiple brush bug bulb calendar camera caret-down chart-bar chart-dots chart-histogram chart-line check
checkbox checklist checks chevron-down chevron-left chevron-right chevron-up circle circle-check circle-dashed
circle-dot circle-plus circle-x clipboard-check clock clock-pause cloud-download cloud-upload code command compass
copy cpu crosshair cursor-text database database-import details device-desktop device-floppy diamond door-exit dots
dots-vertical download edit equal eraser external-link eye eye-check eye-off file-description file-diff file-export
file-import file-off file-zip files filter filter-off flag flame flask focus focus-2 folder gauge git-branch
git-commit git-compare git-fork git-merge git-pull-request grid-dots hand-grab hash heart-rate-monitor help hexagon
hierarchy history home hourglass id-badge inbox info-circle key keyboard language layers-difference layers-intersect
layers-subtract layout-dashboard layout-grid layout-list layout-sidebar-left-collapse layout-sidebar-left-expand
line-dashed link list list-check list-details loader-2 lock logout map-pin menu-2 message message-2 minus moon mouse
package pencil percentage photo photo-check photo-edit photo-off photo-plus pick pin player-pause player-play
player-record player-skip-forward player-stop plug plus point pointer polygon progress question-mark radar rectangle
refresh replace robot robot-face rotate rotate-2 route ruler ruler-measure scan schema search select send server
settings shape shield-check shovel sort-ascending sort-descending sparkles square square-check square-dashed
square-plus stack-2 stack-3 star subtask sun sun-moon table tag tags target target-arrow terminal-2 test-pipe
timeline tools transfer trash trash-off trending-down trending-up trophy upload user user-check user-circle
user-plus users vector versions wand wifi-off writing x zoom-in zoom-out zoom-reset zoom-scan
"""

LAYERS = b"@layer base,parts,room;"  # the order of all our stylesheets: the first one read states it
SOURCE_MAP = re.compile(rb"^\s*(?://[#@]\s*sourceMappingURL=.*|/\*[#@]\s*sourceMappingURL=.*\*/)\s*$", re.MULTILINE)


def unpack(package: Package, folder: Path) -> Path:
    """Downloads one package through npm and returns the folder it was unpacked to."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    target = folder / package.folder
    with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def cleaned(package: Package, name: str, content: bytes) -> bytes:
    """The file as we ship it: without source map comments (collectstatic would look for the map), edits applied.

    Scripts begin with a line that keeps our type checker out of them; stylesheets stand in the lowest layer of ours.
    """
    content = SOURCE_MAP.sub(b"", content)
    if name.endswith(".css"):
        content = LAYERS + b"@layer base{" + content.removeprefix(b'@charset "UTF-8";').rstrip() + b"}\n"
    if name.endswith(".js"):
        content = b"// @ts-nocheck\n" + content
    for old, new in package.edits:
        if old.encode() not in content:
            raise SystemExit(f"{package.name}: {old!r} is not in the file any more; look at the edit again")
        content = content.replace(old.encode(), new.encode())
    return content


def sprite(source: Path) -> bytes:
    """One SVG with a <symbol> for each icon in ICONS, drawn in the colour of the text."""
    symbols = []
    for name in sorted(set(ICONS.split())):
        drawing = (source / "icons" / "outline" / f"{name}.svg").read_text()
        paths = re.findall(r"<(?:path|circle|rect|line|polyline)\b[^>]*?/>", drawing)
        visible = [path for path in paths if 'stroke="none"' not in path]
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(visible)}</symbol>')
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'.encode()


def integrity(content: bytes) -> str:
    """The subresource integrity value: ``sha384-`` and the digest in base64."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def main() -> None:
    """Rebuilds the whole vendor folder and its record."""
    record = []
    if TARGET.exists():
        shutil.rmtree(TARGET)
    with tempfile.TemporaryDirectory() as temporary:
        for package in PACKAGES:
            source = unpack(package, Path(temporary))
            target = TARGET / package.folder
            target.mkdir(parents=True)
            contents = {new: cleaned(package, new, (source / old).read_bytes()) for old, new in package.files.items()}
            if package.name == "@tabler/icons":
                contents["sprite.svg"] = sprite(source)
            # Tabler's package has no licence file of its own; its stylesheet opens with the notice.
            for licence in source.glob("LICENSE*"):
                contents["LICENSE"] = licence.read_bytes()
            for name, content in contents.items():
                (target / name).write_bytes(content)
            record.append(
                {
                    "name": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "edits": [{"from": old, "to": new} for old, new in package.edits],
                    "files": {f"{package.folder}/{name}": integrity(body) for name, body in sorted(contents.items())},
                }
            )
            print(f"{package.name} {package.version}: {', '.join(contents)}")
    (TARGET / "vendor.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
