"""The design's colours: apart for every kind of eye, readable in both themes."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytestmark = pytest.mark.once

TOKENS = Path(__file__).resolve().parents[2] / "platform/lode_platform/static/lode/tokens.css"
Floats = NDArray[np.float64]

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
EYES: dict[str, Floats] = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.052]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
SURFACE = {"light": "#ffffff", "dark": "#15191c"}


def linear(colour: str) -> Floats:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Floats) -> Floats:
    to_cone = np.array([[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]])
    to_lab = np.array([[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]])
    lab: Floats = to_lab @ np.cbrt(to_cone @ np.clip(rgb, 0, 1))
    return lab


def contrast(one: str, other: str) -> float:
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette() -> dict[str, list[str]]:
    pairs = re.findall(r"--lode-class-\d+: light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text())
    return {"light": [pair[0] for pair in pairs], "dark": [pair[1] for pair in pairs]}


@pytest.mark.parametrize("eye", sorted(EYES))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_twelve_class_colours_stay_apart(theme: str, eye: str) -> None:
    colours = palette()[theme]
    assert len(colours) == 12
    seen = [oklab(EYES[eye] @ linear(colour)) for colour in colours]
    closest = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))
    assert closest > (0.1 if eye == "normal" else 0.06)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_class_colour_stands_out_from_the_page(theme: str) -> None:
    assert min(contrast(colour, SURFACE[theme]) for colour in palette()[theme]) > 2.5
