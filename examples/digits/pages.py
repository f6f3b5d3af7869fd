"""Composes scikit-learn's handwritten digits (real scans, 8x8, bundled) into pages with known boxes.

Writes a folder as any project might have one: ``images/*.png``, ``annotations.json`` (COCO, for the labelled pages),
``splits/train.txt`` and ``splits/test.txt``. A few percent of the training labels are spoilt on purpose, and
``spoilt.json`` says which. ``truth.json`` holds what the pages really show, for the scripted annotator.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

Labels = list[dict[str, Any]]

PAGE_WIDTH, PAGE_HEIGHT = 480, 320
COLUMNS, ROWS = 6, 4
SCALE = 5
LABELLED_TRAIN, TEST = 8, 20
SPOILT_SHARE = 0.06


def compose(
    digits: np.ndarray, numbers: np.ndarray, rng: np.random.Generator
) -> tuple[Image.Image, list[dict[str, Any]]]:
    """One page and its digits, ``{"label", "box": [x1, y1, x2, y2]}`` in pixels, tight around the ink.

    ``digits``: (n, 8, 8) floats 0..16; a digit lies in each of the first n cells, shifted, so that some touch.
    """
    ink = np.zeros((PAGE_HEIGHT, PAGE_WIDTH), np.float64)
    found: Labels = []
    cell_width, cell_height = PAGE_WIDTH // COLUMNS, PAGE_HEIGHT // ROWS
    for place, (digit, number) in enumerate(zip(digits, numbers, strict=True)):
        scale = SCALE + int(rng.integers(-1, 2))
        size = 8 * scale
        scan = Image.fromarray((digit * 15.9).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
        pixels = np.asarray(scan, np.float64) * rng.uniform(0.45, 1.0)
        row, column = divmod(place, COLUMNS)
        x = int(np.clip(column * cell_width + rng.integers(2, cell_width - size + 26), 0, PAGE_WIDTH - size))
        y = int(np.clip(row * cell_height + rng.integers(2, cell_height - size + 16), 0, PAGE_HEIGHT - size))
        ys, xs = np.nonzero(pixels > 60)
        ink[y : y + size, x : x + size] = np.maximum(ink[y : y + size, x : x + size], pixels)
        box = [x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1]
        found.append({"label": str(number), "box": [float(edge) for edge in box]})
    paper = 244 + rng.normal(0, 2, ink.shape) + np.linspace(-6, 6, PAGE_WIDTH)[None, :]
    page = np.clip(paper - ink * 0.85, 0, 255).astype(np.uint8)
    return Image.fromarray(page), found


def spoil(truth: Labels, share: float, rng: np.random.Generator) -> tuple[Labels, list[str]]:
    """A page's labels with about ``share`` of them spoilt (a wrong class, or a box left out), and what was done."""
    labels: Labels = []
    done: list[str] = []
    for digit in truth:
        draw = rng.random()
        if draw < share * 0.7:
            wrong = str((int(digit["label"]) + int(rng.integers(1, 10))) % 10)
            done.append(f"{digit['label']} labelled {wrong} at {digit['box']}")
            labels.append({**digit, "label": wrong})
        elif draw < share:
            done.append(f"{digit['label']} left out at {digit['box']}")
        else:
            labels.append(digit)
    return labels, done


def make_pages(folder: Path, seed: int = 7) -> dict[str, Any]:
    """Writes the folder described above; the same seed writes the same bytes. Answers counts."""
    rng = np.random.default_rng(seed)
    data = load_digits()
    order = rng.permutation(len(data.images))
    per_page = COLUMNS * ROWS
    pages = [order[start : start + per_page] for start in range(0, len(order) - per_page + 1, per_page)]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "splits").mkdir(exist_ok=True)
    images: Labels = []
    annotations: Labels = []
    truth: dict[str, Any] = {}
    spoilt: dict[str, list[str]] = {}
    splits: dict[str, list[str]] = {"train": [], "test": []}
    for number, chosen in enumerate(pages):
        page, found = compose(data.images[chosen], data.target[chosen], rng)
        name = f"page-{number:03d}.png"
        page.save(folder / "images" / name, optimize=False)
        truth[name] = found
        if number >= LABELLED_TRAIN + TEST:
            continue  # the pool: nobody has labelled these pages
        split = "train" if number < LABELLED_TRAIN else "test"
        splits[split].append(name)
        labels = found
        if split == "train":
            labels, done = spoil(found, SPOILT_SHARE, rng)
            if done:
                spoilt[name] = done
        images.append({"id": number + 1, "file_name": name, "width": PAGE_WIDTH, "height": PAGE_HEIGHT})
        for digit in labels:
            x1, y1, x2, y2 = digit["box"]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number + 1,
                    "category_id": int(digit["label"]) + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number + 1, "name": str(number)} for number in range(10)]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(coco))
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "spoilt.json").write_text(json.dumps(spoilt, indent=1))
    for split, names in splits.items():
        (folder / "splits" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    return {
        "pages": len(pages),
        "train": len(splits["train"]),
        "test": len(splits["test"]),
        "pool": len(pages) - len(images),
        "spoilt": sum(map(len, spoilt.values())),
        "train_labels": sum(len(truth[name]) for name in splits["train"]),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(make_pages(options.folder, options.seed))
