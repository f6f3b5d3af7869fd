"""COCO-100 through the CLI: the published numbers, and every count opens that many results."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("coco")]

AP_ROW = {"AP": 0.504581, "AP50": 0.696973, "AP75": 0.572982, "APs": 0.585626, "APm": 0.519400, "APl": 0.501398}
AR_ROW = {"AR1": 0.386813, "AR10": 0.593680, "AR100": 0.595353, "ARs": 0.639811, "ARm": 0.566421, "ARl": 0.564291}


@pytest.fixture(scope="module")
def coco(served, tmp_path_factory) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    """Ground truth on pictures of the right sizes, imported and published; the detections logged and evaluated."""
    root = os.environ.get("MOTHERLODE_TEST_DATA")
    if not root:
        pytest.skip("MOTHERLODE_TEST_DATA is not set, so the real data is not at hand")
    truth = Path(root) / "coco100" / "instances_val2014_100.json"
    results = Path(root) / "coco100" / "instances_val2014_fakebbox100_results.json"
    folder = tmp_path_factory.mktemp("coco")
    (folder / "images").mkdir()
    for image in json.loads(truth.read_text())["images"]:
        picture = Image.new("RGB", (image["width"], image["height"]), (image["id"] % 256, image["id"] // 256 % 256, 90))
        picture.save(folder / "images" / image["file_name"], quality=40)
    (folder / "annotations.json").write_bytes(truth.read_bytes())
    token = served.token("erin", "coco", "engineer")
    options = ("--project", "coco", "--dataset", "coco100", "--format", "coco", "--split-policy", "val=1")
    served.lode("import", str(folder), *options, token=token)
    served.lode("publish", "coco100", "-m", "ground truth", token=token)
    code = (
        "import motherlode\nval = motherlode.load('coco100@v1', split='val')\n"
        "with motherlode.run('fakebox', uses=[val]) as run: print(run.id)"
    )
    run = served.python(code, token=token).strip().splitlines()[-1]
    sent = served.lode("predictions", run, str(results), "--split", "val", token=token)
    return {"token": token, "run": run, "evaluation": sent["evaluation"]}


def test_the_numbers_are_the_published_ones(served, coco) -> None:  # type: ignore[no-untyped-def]
    metrics = served.get(f"evaluations/{coco['evaluation']['uuid']}", coco["token"])["metrics"]
    for name, value in {**AP_ROW, **AR_ROW}.items():
        assert metrics[name] == pytest.approx(value, abs=1e-6), name
    assert (metrics["tp"], metrics["fp"], metrics["fn"]) == (649, 85, 181)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=tp", 649),
        ("state=fp", 85),
        ("state=fn", 181),
        ("kind=wrong_class", 83),
        ("kind=bad_location", 1),
        ("kind=duplicate", 1),
        ("kind=missed", 97),
        ("kind=explained", 84),
    ],
)
def test_every_count_opens_that_many_results(served, coco, query: str, count: int) -> None:  # type: ignore[no-untyped-def]
    base = f"{served.url}/api/v1/evaluations/{coco['evaluation']['uuid']}/failures?{query}&threshold=0&limit=500"
    headers = {"Authorization": f"Bearer {coco['token']}"}
    seen: list[str] = []
    offset = 0
    while True:
        page = httpx.get(f"{base}&offset={offset}", headers=headers, timeout=60).json()
        assert page["count"] == count
        seen += [str(card["row"]) for card in page["results"]]
        offset += len(page["results"])
        if not page["results"] or offset >= count:
            break
    assert len(set(seen)) == len(seen) == count
