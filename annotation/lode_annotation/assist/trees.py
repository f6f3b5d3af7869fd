"""A forest of regression or classification trees as plain arrays: exported from scikit-learn, answered by NumPy alone.

scikit-learn is needed to fit, never to answer, and nothing is pickled: a forest is five arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
NAMES = ("roots", "below", "feature", "threshold", "value")


@dataclass(frozen=True)
class Forest:
    """Trees one behind the other. ``roots`` (trees,) are the numbers of their first nodes; of each node ``below``
    (nodes, 2) holds the numbers of the nodes that follow where the feature is at most ``threshold``, and where it is
    more: its own, where it is a leaf; ``value`` (nodes, outputs) is what a leaf says."""

    roots: npt.NDArray[np.int32]
    below: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    value: Floats

    @classmethod
    def of(cls, fitted: Any) -> Self:
        """The trees of a fitted ``ExtraTreesRegressor`` or ``ExtraTreesClassifier`` of one question."""
        trees = [one.tree_ for one in fitted.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])]).astype(np.int32)
        below, feature, threshold, value = [], [], [], []
        for root, tree in zip(roots, trees, strict=True):
            own = np.arange(tree.node_count)
            leaf = tree.children_left < 0
            sides = [np.where(leaf, own, side) + root for side in (tree.children_left, tree.children_right)]
            below.append(np.stack(sides, axis=1))
            feature.append(np.where(leaf, 0, tree.feature))
            threshold.append(tree.threshold)
            said = tree.value[:, 0] if hasattr(fitted, "classes_") else tree.value[..., 0]
            value.append(said / said.sum(axis=1, keepdims=True) if hasattr(fitted, "classes_") else said)
        return cls(
            roots,
            np.concatenate(below).astype(np.int32),
            np.concatenate(feature).astype(np.int32),
            np.concatenate(threshold),
            np.concatenate(value).astype(np.float32),
        )

    def predict(self, features: Floats) -> npt.NDArray[np.float64]:
        """(rows, features) to (rows, outputs): the mean over all trees, as scikit-learn's; of a classifier the shares
        of its classes."""
        rows = np.arange(len(features))[:, None]
        at = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        while True:
            right = features[rows, self.feature[at]] > self.threshold[at]
            onward = self.below[at, right.astype(np.int8)]
            if np.array_equal(onward, at):
                break
            at = onward
        found: npt.NDArray[np.float64] = self.value[at].mean(axis=1, dtype=np.float64)
        return found

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        """Its arrays by name, as they are kept."""
        return {f"{prefix}_{name}": getattr(self, name) for name in NAMES}

    @classmethod
    def kept(cls, arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Self:
        """From what ``arrays`` gave. Raises KeyError where one is missing."""
        return cls(*(arrays[f"{prefix}_{name}"] for name in NAMES))
