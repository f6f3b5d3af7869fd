"""A classical detector of handwritten digits: connected components, split where digits touch, then a classifier."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from sklearn.neighbors import KNeighborsClassifier

Box = tuple[float, float, float, float]


def ink_of(image: Image.Image) -> np.ndarray:
    """How dark each pixel is against the paper, 0..255, shape (height, width)."""
    grey = np.asarray(image.convert("L"), np.float64)
    return np.clip(np.median(grey) - grey, 0, None)


def boxes_of(ink: np.ndarray, threshold: float = 40, least: int = 40) -> list[Box]:
    """Boxes (x1, y1, x2, y2) in pixels of what stands out; what is about two digits wide is cut where ink is least."""
    labelled, count = ndimage.label(ink > threshold, structure=np.ones((3, 3)))
    found: list[Box] = []
    for rows, columns in ndimage.find_objects(labelled)[:count]:
        x1, y1, x2, y2 = columns.start, rows.start, columns.stop, rows.stop
        if (x2 - x1) * (y2 - y1) < least or y2 - y1 < 14:
            continue
        if x2 - x1 > 1.25 * (y2 - y1) and x2 - x1 > 40:
            profile = ink[y1:y2, x1:x2].sum(axis=0)
            third = (x2 - x1) // 3
            cut = x1 + third + int(profile[third:-third].argmin())
            found += [(x1, y1, cut, y2), (cut, y1, x2, y2)]
        else:
            found.append((x1, y1, x2, y2))
    return found


def features_of(ink: np.ndarray, box: Box) -> np.ndarray:
    """The box's ink as an 8x8 scan flattened to 64 numbers, brightest at 1."""
    x1, y1, x2, y2 = (int(round(edge)) for edge in box)
    crop = ink[max(y1, 0) : max(y2, y1 + 1), max(x1, 0) : max(x2, x1 + 1)]
    height, width = crop.shape
    side = max(height, width)
    square = np.zeros((side, side))
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = crop
    small = np.asarray(Image.fromarray(square.astype(np.float32)).resize((8, 8), Image.Resampling.BOX), np.float64)
    return (small / max(small.max(), 1e-9)).ravel()


@dataclass
class Detector:
    """Finds digits by connected components and names them by their nearest neighbours in 64 pixels."""

    neighbours: int = 5
    classifier: Any = None

    def fit(self, pages: list[tuple[Image.Image, list[tuple[Box, str]]]]) -> "Detector":
        """Learns from pages with their labels, ``[(box, label), ...]``."""
        rows, names = [], []
        for image, labels in pages:
            ink = ink_of(image)
            for box, name in labels:
                rows.append(features_of(ink, box))
                names.append(name)
        self.classifier = KNeighborsClassifier(self.neighbours, weights="distance")
        self.classifier.fit(np.array(rows), np.array(names))
        return self

    def predict(self, image: Image.Image) -> tuple[list[Box], list[str], list[float]]:
        """Boxes, labels and scores (the probability of the label) on a page."""
        ink = ink_of(image)
        boxes = boxes_of(ink)
        if not boxes:
            return [], [], []
        chances = self.classifier.predict_proba(np.array([features_of(ink, box) for box in boxes]))
        best = chances.argmax(axis=1)
        labels = [str(self.classifier.classes_[index]) for index in best]
        return boxes, labels, [round(float(chances[row, index]), 6) for row, index in enumerate(best)]
