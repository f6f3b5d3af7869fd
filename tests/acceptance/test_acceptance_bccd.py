"""BCCD from its VOC files to a stock git + DVC checkout, and every byte verified on the way."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("bccd")]

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def bccd(served, tmp_path_factory) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    """The data set imported and published once, with what the CLI said."""
    import os

    root = os.environ.get("MOTHERLODE_TEST_DATA")
    if not root:
        pytest.skip("MOTHERLODE_TEST_DATA is not set, so the real data is not at hand")
    source = Path(root) / "bccd"
    token = served.token("erin", "blood", "engineer")
    report = served.lode(
        "import", str(source), "--project", "blood", "--dataset", "cells", "--format", "voc", token=token
    )
    published = served.lode("publish", "cells", "-m", "first import", token=token)
    return {"source": source, "token": token, "report": report, "published": published}


def test_364_items_and_4886_boxes_come_in_and_the_two_without_area_are_named(served, bccd) -> None:  # type: ignore[no-untyped-def]
    report = json.dumps(bccd["report"])
    assert "BloodImage_00338" in report and "BloodImage_00343" in report
    version = served.get("projects/blood/datasets/cells/versions/1", bccd["token"])
    assert version["state"] == "published"
    assert version["counts"]["items"] == 364
    assert version["counts"]["regions"] == 4886


def test_stock_git_and_dvc_read_it_byte_for_byte_and_label_for_label(served, bccd, tmp_path) -> None:  # type: ignore[no-untyped-def]
    token = bccd["token"]
    address = f"{served.url.replace('http://', f'http://token:{token}@')}/git/blood/cells.git"
    served.run("git", "clone", "-q", "--branch", "v1", address, "cells", cwd=tmp_path)
    clone = tmp_path / "cells"
    served.run("git", "fsck", "--strict", cwd=clone)
    served.run(str(BIN / "dvc"), "remote", "modify", "--local", "store", "password", token, cwd=clone)
    served.run(str(BIN / "dvc"), "pull", "-q", cwd=clone)
    pulled = sorted(path for path in (clone / "data" / "items").rglob("*") if path.is_file())
    assert len(pulled) == 364
    originals = {path.name: path for path in (bccd["source"] / "images").iterdir()}
    for path in pulled:
        assert path.read_bytes() == originals[path.name].read_bytes()
    lines = [json.loads(line) for file in (clone / "data" / "labels").iterdir() for line in file.open()]
    assert len(lines) == 364
    assert sum(len(line["regions"]) for line in lines) == 4886
    one = next(line for line in lines if line["path"].endswith("BloodImage_00001.jpg"))
    assert one["media"] == {"kind": "image", "width": 640, "height": 480}
    assert "clean" in served.run("git", "status", cwd=clone)
    assert "up to date" in served.run(str(BIN / "dvc"), "status", cwd=clone).lower()


def test_dvc_get_and_the_api_open_one_file_of_one_revision(served, bccd, tmp_path) -> None:  # type: ignore[no-untyped-def]
    token = bccd["token"]
    address = f"{served.url.replace('http://', f'http://token:{token}@')}/git/blood/cells.git"
    got = tmp_path / "schema.json"
    command = [str(BIN / "dvc"), "get", address, "data/schema.json", "--rev", "v1", "-o", str(got)]
    served.run(*command, "--remote-config", f"password={token}", cwd=tmp_path)
    assert {row["name"] for row in json.loads(got.read_text())["classes"]} == {"RBC", "WBC", "Platelets"}
    code = (
        "import dvc.api, hashlib, sys\n"
        f"with dvc.api.open('data/schema.json', repo={address!r}, rev='v1', mode='rb',"
        f" remote_config={{'password': {token!r}}}) as file: print(hashlib.sha256(file.read()).hexdigest())"
    )
    said = served.python(code, token=token, cwd=tmp_path).strip().splitlines()[-1]
    assert said == hashlib.sha256(got.read_bytes()).hexdigest()


def test_imported_and_published_again_the_digest_is_the_same(served, bccd) -> None:  # type: ignore[no-untyped-def]
    source, token = str(bccd["source"]), bccd["token"]
    served.lode("import", source, "--project", "blood", "--dataset", "cells", "--format", "voc", token=token)
    served.lode("publish", "cells", "-m", "again", token=token)
    versions = served.get("projects/blood/datasets/cells/versions", token)["results"]
    assert [version["version"] for version in versions] == [1]
    other = served.token("erin", "blood2", "engineer")
    served.lode("import", source, "--project", "blood2", "--dataset", "cells", "--format", "voc", token=other)
    served.lode("publish", "cells", "-m", "in another project", token=other)
    first = served.get("projects/blood/datasets/cells/versions/1", token)
    second = served.get("projects/blood2/datasets/cells/versions/1", other)
    assert second["counts"]["regions"] == 4886
    assert first["digest"].startswith("sha256m1:") and first["dir"].endswith(".dir")
    assert second["digest"] == first["digest"]


def test_a_pin_is_written_and_a_changed_byte_in_the_cache_is_named(served, bccd, tmp_path) -> None:  # type: ignore[no-untyped-def]
    token = bccd["token"]
    served.lode("pin", "cells@v1", token=token, cwd=tmp_path)
    lock = (tmp_path / "motherlode.lock").read_text()
    assert "sha256:" in lock and "version = 1" in lock
    code = (
        "import motherlode; train = motherlode.load('cells', split='train');"
        "sample = train[0]; print(len(train), sample.path, sample.file, len(sample.labels), sample.image().size)"
    )
    said = served.python(code, token=token, cwd=tmp_path).split()
    assert int(said[0]) > 200 and said[-2:] == ["(640,", "480)"]
    served.lode("verify", token=token, cwd=tmp_path)

    md5 = hashlib.md5((bccd["source"] / "images" / Path(said[1]).name).read_bytes(), usedforsecurity=False).hexdigest()
    blob = served.folder / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    good = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    try:
        assert Path(said[1]).name in served.lode("verify", token=token, cwd=tmp_path, fails=True)
        code = "import motherlode; motherlode.load('cells', split='train')[0].image()"
        told = served.run(sys.executable, "-c", code, cwd=tmp_path, fails=True, MOTHERLODE_TOKEN=token)
        assert Path(said[1]).name in told
    finally:
        blob.write_bytes(good)


def test_a_perfect_detector_that_says_indices_is_perfect(served, bccd) -> None:  # type: ignore[no-untyped-def]
    code = (
        "import json, motherlode, numpy as np\n"
        "test = motherlode.load('cells@v1', split='test')\n"
        "def detect(sample):\n"
        "    labels = np.array([test.index[name] for name in sample.labels.names], dtype=int)\n"
        "    return motherlode.Prediction(sample.path, np.array(sample.labels.boxes), labels, np.ones(len(labels)))\n"
        "with motherlode.run('perfect', uses=[test]) as run:\n"
        "    found = run.log_predictions(test, map(detect, test), names=test.names).evaluation()\n"
        "print(json.dumps({**found.metrics, 'whole': found.coverage.is_whole}))"
    )
    metrics = json.loads(served.python(code, token=bccd["token"]))
    assert metrics["AP"] == pytest.approx(1.0)
    assert (metrics["fp"], metrics["fn"], metrics["whole"]) == (0, 0, True)
    assert metrics["tp"] > 900


def test_a_changed_byte_in_the_servers_store_is_caught_and_named(served, bccd, tmp_path) -> None:  # type: ignore[no-untyped-def]
    token = bccd["token"]
    image = sorted((bccd["source"] / "images").iterdir())[0]
    md5 = hashlib.md5(image.read_bytes(), usedforsecurity=False).hexdigest()
    blob = served.home / "store" / "files" / "md5" / md5[:2] / md5[2:]
    good = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    fresh = str(tmp_path / "fresh-cache")
    try:
        code = (
            "import motherlode\n"
            "for name in ('train', 'val', 'test'):\n"
            "    [sample.image() for sample in motherlode.load('cells@v1', split=name)]"
        )
        told = served.run(
            sys.executable, "-c", code, cwd=tmp_path, fails=True, MOTHERLODE_TOKEN=token, MOTHERLODE_CACHE=fresh
        )
        assert image.name in told
        command = [sys.executable, "-m", "motherlode", "verify", "cells@v1"]
        told = served.run(*command, cwd=tmp_path, fails=True, MOTHERLODE_TOKEN=token, MOTHERLODE_CACHE=fresh)
        assert image.name in told
    finally:
        blob.write_bytes(good)
        blob.chmod(0o444)
