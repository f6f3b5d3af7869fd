"""Our evaluation of boxes and of polygons against pycocotools (and hotcoco, where installed) on one made-up set.

    python benchmarks/evaluate.py [--task polygons] [--images 5000 --truths 36500 --detections 185000] [--skip-peers]

Ours runs from three Parquet files to matches, kinds and the 12 numbers; pycocotools from its two JSON documents in
memory to the same 12 numbers. Of polygons ours draws all masks within its time; pycocotools is given its detections
as the run-length codes that it wants, whose making is not timed. Each engine runs in a process of its own, on one
thread, all engines in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from multiprocessing import Process
from pathlib import Path
from typing import Any

ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}


CORNERS = 24
"""Of each outline: an ellipse in its box, each corner drawn in by up to a fifth."""


def make(folder: Path, images: int, truths: int, detections: int, outlined: bool, classes: int = 80) -> None:
    """Write the same scene as Parquet and as COCO JSON: boxes shaken by 3, 10 or 30 %, a fifth with a drawn class."""
    import numpy as np

    from lode_hooks.evaluations.metrics.columns import (
        BOX_PREDICTIONS,
        ITEMS,
        OUTLINE_PREDICTIONS,
        OUTLINE_TRUTHS,
        TRUTHS,
        frame_of,
        write,
    )

    rng = np.random.default_rng(0)
    image = np.sort(rng.integers(0, images, truths))
    label = rng.integers(1, classes + 1, truths)
    size = np.exp(rng.uniform(np.log(8), np.log(300), (truths, 2)))
    corner = rng.uniform(0, 1, (truths, 2)) * np.maximum(640 - size, 1)
    box = np.round(np.hstack([corner, corner + size]), 2)
    crowd = rng.random(truths) < 0.01
    pick = rng.integers(0, truths, detections)
    shaken = box[pick] + rng.normal(0, 1, (detections, 4)) * np.tile(size[pick], 2) * rng.choice(
        [0.03, 0.1, 0.3], (detections, 1)
    )
    found = np.round(np.hstack([np.minimum(shaken[:, :2], shaken[:, 2:]), np.maximum(shaken[:, :2], shaken[:, 2:])]), 2)
    said = np.where(rng.random(detections) < 0.8, label[pick], rng.integers(1, classes + 1, detections))
    score = np.round(rng.random(detections), 4)

    names = np.array([f"{number:08x}-0000-4000-8000-000000000000" for number in range(images)])
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    items: dict[str, Any] = {"item": names, "path": names, "width": [640] * images, "height": [640] * images}
    write(frame_of(ITEMS, items), folder / "items.parquet")
    columns: dict[str, Any] = {
        "item": names[image],
        "frame": [None] * truths,
        "region": [str(number) for number in range(truths)],
        "label": label,
        **{name: box[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))},
        "area": area,
        "crowd": crowd,
        "difficult": np.zeros(truths, dtype=bool),
    }
    outlines = [outlines_in(box), outlines_in(found)] if outlined else None
    if outlines is not None:
        columns |= outline_columns(outlines[0])
    write(frame_of(OUTLINE_TRUTHS if outlined else TRUTHS, columns), folder / "truths.parquet")
    sent: dict[str, Any] = {
        "item": names[image[pick]],
        "frame": [None] * detections,
        "label": said,
        **{name: found[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))},
        "score": score,
    }
    if outlines is not None:
        sent |= outline_columns(outlines[1])
    write(frame_of(OUTLINE_PREDICTIONS if outlined else BOX_PREDICTIONS, sent), folder / "predictions.parquet")

    def wh(boxes: Any) -> list[list[float]]:
        return [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in boxes.tolist()]

    annotations: list[dict[str, Any]] = [
        {"id": n + 1, "image_id": int(i) + 1, "category_id": int(c), "bbox": b, "area": float(a), "iscrowd": int(w)}
        for n, (i, c, b, a, w) in enumerate(zip(image, label, wh(box), area, crowd, strict=True))
    ]
    document = {
        "images": [{"id": number + 1, "width": 640, "height": 640} for number in range(images)],
        "categories": [{"id": number, "name": str(number)} for number in range(1, classes + 1)],
        "annotations": annotations,
    }
    results = [
        {"image_id": int(i) + 1, "category_id": int(c), "bbox": b, "score": float(s)}
        for i, c, b, s in zip(image[pick], said, wh(found), score, strict=True)
    ]
    if outlines is not None:
        put_outlines(annotations, results, outlines)
    (folder / "truths.json").write_text(json.dumps(document))
    (folder / "results.json").write_text(json.dumps(results))


def put_outlines(annotations: list[dict[str, Any]], results: list[dict[str, Any]], outlines: list[Any]) -> None:
    """The outlines in COCO's documents: rings of the truths, run-length codes of the results."""
    from pycocotools import mask

    for row, ring in zip(annotations, outlines[0].tolist(), strict=True):
        row["segmentation"] = [ring]
    for row, ring in zip(results, outlines[1].tolist(), strict=True):
        code = mask.frPyObjects([ring], 640, 640)[0]
        row["segmentation"] = {"size": code["size"], "counts": code["counts"].decode()}
        del row["bbox"]  # of a row with both pycocotools takes the box's area for the mask's


def outlines_in(box: Any) -> Any:
    """A ring (n, 2 * `CORNERS`) within each box."""
    import numpy as np

    rng = np.random.default_rng(len(box))
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    reach = rng.uniform(0.8, 1, (len(box), CORNERS)) / 2
    x = (box[:, [0]] + box[:, [2]]) / 2 + (box[:, [2]] - box[:, [0]]) * np.cos(angle) * reach
    y = (box[:, [1]] + box[:, [3]]) / 2 + (box[:, [3]] - box[:, [1]]) * np.sin(angle) * reach
    return np.round(np.stack([x, y], axis=2).reshape(len(box), -1), 2)


def outline_columns(rings: Any) -> dict[str, Any]:
    """The columns of an outline beside its bounds."""
    none = [None] * len(rings)
    across, down = rings[:, ::2], rings[:, 1::2]
    return {
        **{"x1": across.min(1), "y1": down.min(1), "x2": across.max(1), "y2": down.max(1)},
        **{"points": rings.tolist(), "rings": [[CORNERS]] * len(rings), "parts": [[1]] * len(rings)},
        **{"counts": none, "height": none},
    }


def ours(folder: Path, task: str) -> tuple[float, list[float]]:
    """From Parquet to matches and the 12 numbers."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")
    import django
    import polars  # noqa: F401 - the server imports it with its first evaluation; no engine's imports are timed

    django.setup()
    from lode_hooks.evaluations.evaluators import EVALUATORS
    from lode_hooks.evaluations.evaluators.evaluator import Inputs
    from lode_hooks.evaluations.metrics.average_precision import NAMES

    evaluator = EVALUATORS[task]
    items, truths, predictions = (folder / f"{name}.parquet" for name in ("items", "truths", "predictions"))
    start = time.process_time()
    measured = evaluator.measure(Inputs(items, truths, predictions, list(range(1, 81)), {}))
    return time.process_time() - start, [measured.metrics[name] for name in NAMES]


def pycocotools(folder: Path, task: str) -> tuple[float, list[float]]:
    """From documents in memory to the 12 numbers."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    document, results = (json.loads((folder / name).read_text()) for name in ("truths.json", "results.json"))
    start = time.process_time()
    truth = COCO()
    truth.dataset = document
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(results), IOU_TYPES[task])
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return time.process_time() - start, [float(number) for number in evaluation.stats]


def hotcoco(folder: Path, task: str) -> tuple[float, list[float]]:
    """From its own two files to the 12 numbers (Rust)."""
    from hotcoco import COCO, COCOeval

    start = time.process_time()
    truth = COCO(str(folder / "truths.json"))
    evaluation = COCOeval(truth, truth.load_res(str(folder / "results.json")), IOU_TYPES[task])
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return time.process_time() - start, [float(number) for number in evaluation.stats]


IOU_TYPES = {"boxes": "bbox", "polygons": "segm"}
ENGINES = {"motherlode": ours, "pycocotools": pycocotools, "hotcoco": hotcoco}


def measured(engine: str, folder: Path, task: str) -> dict[str, Any]:
    """Run one engine in a process of its own."""
    command = [sys.executable, __file__, "--engine", engine, "--folder", str(folder), "--task", task]
    answer = subprocess.run(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    return result


def main() -> None:
    """Make the set, measure every engine three times, print the table of the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=IOU_TYPES, default="boxes")
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--truths", type=int, default=36_500)
    parser.add_argument("--detections", type=int, default=185_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        seconds, numbers = ENGINES[options.engine](options.folder, options.task)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "numbers": numbers, "peak": peak}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outlined = options.task == "polygons"
        # in a process of its own, whose memory the engines' would else begin with
        maker = Process(target=make, args=(folder, options.images, options.truths, options.detections, outlined))
        maker.start()
        maker.join()
        what = f"{options.truths:,} {options.task}, {options.detections:,} detections"
        print(f"{options.images:,} images, {what}, one thread\n")
        print(
            "| engine | CPU seconds | peak memory | AP | AP50 | AR100 | largest difference |\n"
            "|---|---|---|---|---|---|---|"
        )
        reference: list[float] | None = None
        for engine in ENGINES:
            if engine != "motherlode" and options.skip_peers:
                continue
            repeats = 1 if engine == "pycocotools" else options.repeats
            runs = [measured(engine, folder, options.task) for _ in range(repeats)]
            best = min(runs, key=lambda run: float(run["seconds"]))
            numbers = best["numbers"]
            reference = reference or numbers
            apart = max(abs(a - b) for a, b in zip(numbers, reference, strict=True))
            print(
                f"| {engine} | {best['seconds']:.2f} | {best['peak']:.0f} MB | {numbers[0]:.6f} | {numbers[1]:.6f} "
                f"| {numbers[8]:.6f} | {apart:.1e} |"
            )


if __name__ == "__main__":
    main()
