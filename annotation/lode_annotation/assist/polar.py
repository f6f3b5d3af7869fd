"""What lies around a place in a picture: its colours along rays, at ever larger distances."""

import numpy as np
import numpy.typing as npt

ANGLES = 24
RADII = 28
SAMPLES = ANGLES * RADII
OUTSIDE = -1000.0
"""What a sample says that lies beyond the picture: less than any colour."""

Pixels = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_turns = np.arange(ANGLES) * (2 * np.pi / ANGLES)
RAYS = np.stack([np.cos(_turns), np.sin(_turns)], axis=1)
"""(angles, 2): the direction of each ray, the first to the right, then clockwise."""
_steps = np.arange(1, RADII + 1) / RADII
OFFSETS = (RAYS[:, None] * _steps[None, :, None]).reshape(SAMPLES, 2)
"""(samples, 2): where the samples lie, in units of the farthest; ray by ray, from within outwards."""


def places(points: Numbers, reach: Numbers) -> Numbers:
    """(rows, samples, 2): where the samples around ``points`` (rows, 2) lie, of which the farthest is ``reach`` away:
    (rows, 1), or (rows, 2) across and down."""
    found: Numbers = points[:, None] + OFFSETS[None] * reach[:, None]
    return found


def sampled(pixels: Pixels, at: Numbers) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """The colours (rows, samples, 3) at places (rows, samples, 2) in pixels of the array, and which lie within it."""
    height, width = pixels.shape[:2]
    x, y = np.floor(at).astype(np.int64).transpose(2, 0, 1)
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return pixels[y.clip(0, height - 1), x.clip(0, width - 1)], within


def brightness(colours: Pixels, within: npt.NDArray[np.bool_], direction: Floats) -> Floats:
    """One number a sample: its colour along ``direction`` (3,); ``OUTSIDE`` beyond the picture."""
    found: Floats = np.where(within, colours.astype(np.float32) @ direction, np.float32(OUTSIDE))
    return found


def telling_direction(inner: Pixels, outer: Pixels) -> Floats:
    """The direction (3,) in which colours within objects, (n, 3), and around them differ the most for their spread
    (Fisher, "The use of multiple measurements in taxonomic problems", 1936); its entries sum to 1 in magnitude."""
    one, two = inner.astype(np.float64), outer.astype(np.float64)
    if len(one) < 2 or len(two) < 2:
        return np.array([0.299, 0.587, 0.114], dtype=np.float32)
    spread = np.cov(one.T) + np.cov(two.T)
    ridge = max(np.trace(spread), 1.0) * 0.01 * np.eye(3)
    found: Numbers = np.linalg.solve(spread + ridge, one.mean(axis=0) - two.mean(axis=0))
    size = np.abs(found).sum()
    if not np.isfinite(size) or size < 1e-12:
        return np.array([0.299, 0.587, 0.114], dtype=np.float32)
    scaled: Floats = (found / size).astype(np.float32)
    return scaled
