"""`lode pin --update`: pins follow their alias, or the newest version, and what differs is said in words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import motherlode
from lode_annotation.models import LabelSet
from lode_datasets.models import Dataset, Pin
from motherlode.errors import BadInput, NotVerified
from motherlode.lock import LOCK_FILE, read_lock, write_lock

pytestmark = pytest.mark.usefixtures("cells")


@pytest.fixture
def lock(machine: Path) -> Path:
    return machine / LOCK_FILE


def change_everything(lode: Any) -> None:
    """cells@v2: an item added, one removed, one with another file, labels changed, emptied and new, a split moved."""
    dataset = Dataset.objects.get(name="cells")
    rows = {row.item.path.rpartition("/")[2]: row for row in dataset.dataset_items.select_related("item")}
    rows["000.png"].delete()
    dataset.dataset_items.filter(pk=rows["001.png"].pk).update(split="test")
    LabelSet.objects.current().filter(item=rows["002.png"].item).update(current=False)
    lode("import", "relabelled", "--dataset", "cells", "--format", "voc", "--replace", "--replace-media")


def relabel(folder: Path) -> None:
    """A source of two changed labels, one of them on another file, and of a new item."""
    from motherlode.formats import voc
    from motherlode.regions import Region

    (folder / "images").mkdir(parents=True)
    (folder / "voc").mkdir()
    for name, moved in (("003", 2.0), ("004", 0.0), ("100", 1.0)):
        Image.new("RGB", (64, 48), (int(name), 1, 2)).save(folder / "images" / f"{name}.png")
        boxes = [Region("a", "box", 1, "RBC", (4.0 + int(name) % 50 + moved, 5, 24 + moved, 25))]
        (folder / "voc" / f"{name}.xml").write_bytes(voc.write_xml(f"{name}.png", 64, 48, boxes))


def test_what_differs_is_said_in_words_and_written_unless_it_is_a_dry_run(lode: Any, machine: Path, lock: Path) -> None:
    lode("pin", "cells@v1")
    before = lock.read_bytes()
    assert lode.says("pin", "--update") == "cells@v1 is what cells@latest names.\n"
    relabel(machine / "relabelled")
    change_everything(lode)
    lode("publish", "cells")
    said = lode.says("pin", "--update", "--dry-run").splitlines()
    assert said[0] == "cells@v1 -> v2 (cells@latest)"
    assert said[1] == "  items: 1 added, 1 removed, 2 replaced"
    assert said[-1] == f"Would update 1 pin in {lock}"
    assert [line.partition(":")[0].strip() for line in said[2:-1]] == [
        *("label sets", "regions", "classes", "splits", "sizes"),
    ]
    assert "splits: 1 item moved to another" in "\n".join(said)
    assert lock.read_bytes() == before and not Pin.objects.filter(version__number=2).exists()
    assert "--frozen lets nothing change it" in lode("pin", "--update", "--frozen", fails=5)
    assert "--frozen" in lode("pin", "cells@v2", "--frozen", fails=5)
    assert lock.read_bytes() == before
    assert lode("pin", "cells@v1", "--frozen")["version"] == "cells@v1"  # it changes nothing
    done = lode("pin", "--update", "cells")
    assert (done["written"], done["pins"][0]["before"], done["pins"][0]["version"]) == (True, "cells@v1", "cells@v2")
    assert done["pins"][0]["words"] == [line.strip() for line in said[1:-1]]
    assert read_lock(lock)["cells"].version == 2 and Pin.objects.filter(version__number=2).exists()
    assert lode("pin", "--update", "--frozen")["written"] is False


def test_a_pin_follows_the_alias_that_was_pinned_also_back(lode: Any, lock: Path) -> None:
    lode("alias", "cells@v1", "production")
    lode("import", "source", "--dataset", "cells", "--format", "images", "--prefix", "more/")
    lode("publish", "cells")
    lode("pin", "cells@production")
    lode("pin", "cells@v1", "--as", "fixed")
    assert 'alias = "production"' in lock.read_text() and lock.read_text().count("alias") == 1
    assert lode.says("pin", "--update", "cells") == "cells@v1 is what cells@production names.\n"
    lode("alias", "cells@v2", "production")
    assert {row["name"]: row["version"] for row in lode("pin", "--update")["pins"]} == {
        "cells": "cells@v2",
        "fixed": "cells@v2",
    }
    lode("alias", "cells@v1", "production")
    lode("yank", "cells@v2", "-m", "half of val is mislabelled")
    said = lode.says("pin", "--update")
    assert "cells@v2 -> v1 (cells@production)\n  cells@v2 is yanked: half of val is mislabelled (erin" in said
    assert "items: 10 removed" in said and "cells@v2 -> v1 (cells@latest)" in said
    assert [(pin.version, pin.alias) for pin in read_lock(lock).values()] == [(1, "production"), (1, "")]
    lode("pin", "cells@v1")
    assert "alias" not in lock.read_text()


def test_what_cannot_be_updated_changes_nothing(lode: Any, lock: Path) -> None:
    assert "pins nothing" in lode("pin", "--update", fails=1)
    assert "say which version" in lode("pin", fails=1)
    lode("pin", "cells@v1")
    assert "pins no 'dogs'; it pins cells" in lode("pin", "--update", "dogs", fails=1)
    assert "takes the name of a pin: cells" in lode("pin", "--update", "cells@v1", fails=1)
    assert "--as names a pin" in lode("pin", "--update", "--as", "x", fails=1)
    lode("import", "source", "--dataset", "cells", "--format", "images", "--prefix", "more/")
    lode("publish", "cells")
    pins = read_lock(lock)
    gone = replace(pins["cells"], dataset="gone")
    write_lock(lock, {**pins, "gone": gone})
    before = lock.read_bytes()
    assert "no dataset 'gone'" in lode("pin", "--update", fails=1)
    assert lock.read_bytes() == before
    forged = replace(pins["cells"], index="sha256:" + "0" * 64)
    write_lock(lock, {"cells": forged})
    with pytest.raises(NotVerified, match="a version never changes"):
        motherlode.update_pins(client=lambda pin: lode.connect())
    with pytest.raises(BadInput, match="pins no 'dogs'"):
        motherlode.update_pins("dogs", client=lambda pin: lode.connect())
    assert read_lock(lock) == {"cells": forged}
