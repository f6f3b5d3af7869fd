"""Trains the digit detector on a pinned dataset version and logs everything a mining round needs.

Uses nothing of Motherlode but the SDK::

    python train.py digits@v1 --name baseline

logs, all from one run: out-of-fold predictions on train (each page predicted by a model that has not seen it),
predictions on the pool (pages nobody has labelled) and on the test split that no mining round touches.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from detector import Box, Detector

import motherlode

FOLDS = 4


def labels_of(sample: Any) -> list[tuple[Box, str]]:
    """A sample's boxes (pixels, x1 y1 x2 y2) and class names."""
    return [(tuple(box), name) for box, name in zip(sample.labels.boxes, sample.labels.names, strict=True)]


def predictions(detector: Detector, samples: Sequence[Any]) -> Iterator[motherlode.Prediction]:
    for sample in samples:
        boxes, labels, scores = detector.predict(sample.image())
        yield motherlode.Prediction(sample.path, boxes=boxes, labels=labels, scores=scores)


def train(samples: Sequence[Any], neighbours: int) -> Detector:
    return Detector(neighbours).fit([(sample.image(), labels_of(sample)) for sample in samples])


def out_of_fold(samples: Sequence[Any], neighbours: int) -> Iterator[motherlode.Prediction]:
    """Predictions on the training pages, each by a detector trained on the other folds."""
    for fold in range(FOLDS):
        held = [sample for index, sample in enumerate(samples) if index % FOLDS == fold]
        rest = [sample for index, sample in enumerate(samples) if index % FOLDS != fold]
        yield from predictions(train(rest, neighbours), held)


def main(version: str, name: str, neighbours: int) -> dict[str, Any]:
    """Trains, logs, waits for the evaluation of the test split; answers the run and its metrics."""
    train_split = motherlode.load(version, split="train")
    test_split = motherlode.load(version, split="test")
    pool = motherlode.load(version, split="pool")
    samples = list(train_split)
    with motherlode.run(name, uses=[train_split], params={"neighbours": neighbours, "folds": FOLDS}) as run:
        detector = train(samples, neighbours)
        run.log_metrics({"train_pages": len(samples), "train_digits": sum(len(labels_of(s)) for s in samples)})
        model = f"knn-{neighbours}"
        run.log_predictions(train_split, out_of_fold(samples, neighbours), model=model, out_of_fold=True)
        run.log_predictions(pool, predictions(detector, list(pool)), model=model)
        sent = run.log_predictions(test_split, predictions(detector, list(test_split)), model=model)
        metrics = sent.evaluation().metrics
        run.log_metrics({f"test_{key}": metrics[key] for key in ("AP", "AP50", "tp", "fp", "fn")})
    return {"run": str(run.id), "metrics": metrics}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="such as digits@v1")
    parser.add_argument("--name", default="digits detector")
    parser.add_argument("--neighbours", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(main(options.version, options.name, options.neighbours)))
