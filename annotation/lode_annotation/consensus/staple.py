"""Masks: those of several people that are the same thing become one, pixel by pixel, by STAPLE."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lode_annotation.consensus.groups import merged_groups
from lode_annotation.consensus.rule import Known, Merged, Rule, Undecided, Voice
from motherlode.controls import Control
from motherlode.masks import Mask, mask_bounds
from motherlode.shapes import SHAPES

Floats = npt.NDArray[np.float64]
SURE = 0.99999
"""How sure of what is in and out everybody is thought to be at first."""
ROUNDS, STILL = 200, 1e-9


class Staple(Rule):
    """Simultaneous truth and performance level estimation: who draws a mask wider or closer than the others do counts
    less where they differ (S. Warfield and others, "Simultaneous truth and performance level estimation", 2004)."""

    name = "staple"

    def takes(self, control: Control) -> bool:
        return SHAPES[control.kind].masked

    def merge(self, control: Control, voices: Sequence[Voice], known: Known) -> Merged:
        return merged_groups(control, voices, known, lambda masks: masks[0], fused)


def fused(masks: Sequence[Mask]) -> Mask:
    """The pixels that are more likely in the object than not, of masks of one image. Raises ``Undecided`` where none
    is.

    Nothing is decoded: pixels of which people say the same are as likely, and there are 2^n ways to differ at most.
    What counts as outside is the rest of the smallest box around all masks.
    """
    ends = [np.cumsum(mask.counts) for mask in masks]
    starts = np.unique(np.concatenate([np.zeros(1, dtype=np.int64), *ends]))[:-1]
    size = masks[0].height * masks[0].width
    lengths = np.diff(np.append(starts, size))
    said = np.array([np.searchsorted(end, starts, side="right") % 2 for end in ends])  # (people, intervals)
    patterns, place = np.unique(said, axis=1, return_inverse=True)
    counts = np.bincount(place.ravel(), weights=lengths)
    silent = ~patterns.any(axis=0)
    counts[silent] = _box(masks) - counts[~silent].sum()
    inside = (likely(patterns.astype(np.float64), counts) > 0.5) & ~silent
    if not inside.any():
        raise Undecided("No pixel of a mask is more likely inside than not.")
    kept = inside[place.ravel()]
    changes = np.flatnonzero(np.diff(np.concatenate([[False], kept])))
    runs = np.diff(np.concatenate([[0], starts[changes], [size]]))
    return Mask(masks[0].height, masks[0].width, tuple(int(run) for run in runs))


def likely(patterns: Floats, counts: npt.NDArray[Any]) -> Floats:
    """How likely a pixel is inside, for each of the (people, patterns) of 0 and 1, of which there are ``counts``.

    The expectation and maximisation of the people's sensitivity and specificity, and of nothing else: the share of the
    inside stays the mean of what people said.
    """
    people = len(patterns)
    sensitivity: Floats = np.full(people, SURE)
    specificity: Floats = np.full(people, SURE)
    share = (patterns @ counts).sum() / (people * counts.sum())
    truth: Floats = np.zeros(len(counts))
    for _round in range(ROUNDS):
        before = truth
        inside = share * _product(patterns, sensitivity)
        outside = (1 - share) * _product(1 - patterns, specificity)
        truth = inside / np.maximum(inside + outside, np.finfo(np.float64).tiny)
        if np.abs(truth - before).max() < STILL:
            break
        sensitivity = _bounded(patterns @ (counts * truth) / max((counts * truth).sum(), STILL))
        specificity = _bounded((1 - patterns) @ (counts * (1 - truth)) / max((counts * (1 - truth)).sum(), STILL))
    return truth


def _product(said: Floats, sure: Floats) -> Floats:
    """Over people: how likely each says what they say, where ``said`` is right."""
    chances: Floats = np.where(said > 0, sure[:, None], 1 - sure[:, None]).prod(axis=0)
    return chances


def _bounded(chances: Floats) -> Floats:
    return np.clip(chances, 1e-6, 1 - 1e-6)


def _box(masks: Sequence[Mask]) -> float:
    """The pixels of the smallest box around all masks."""
    x1, y1, x2, y2 = zip(*(bounds for mask in masks if (bounds := mask_bounds(mask))), strict=True)
    return float((max(x2) - min(x1)) * (max(y2) - min(y1)))
