"""The form of a promptable segmentation model, such as SAM, MobileSAM and SAM 2 as ONNX: an image encoder and a mask
decoder, what their inputs and outputs mean, and what pictures and masks are made into for them.

Only NumPy and Pillow: the process that runs the model imports this, and no Django.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

ENCODER, DECODER, OPTIONS = "encoder.onnx", "decoder.onnx", "model.json"
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of ImageNet's pictures, of 0 to 255, as all of the family were trained with."""
SIDE, SMALLEST, LARGEST = 1024, 16, 4096
MASK_SIDE = 256
PROMPTS = {
    "points": ("point_coords", "input_points"),
    "labels": ("point_labels", "input_labels"),
    "mask": ("mask_input",),
    "has_mask": ("has_mask_input",),
    "size": ("orig_im_size",),
}
"""What a decoder is asked, and what its inputs are usually called; all else that it takes are features of a picture."""
ANSWERS = {"masks": ("masks", "low_res_masks", "pred_masks"), "scores": ("iou_predictions", "iou_scores")}
FIRST, SECOND, POINT, NONE = 2, 3, 1, -1
"""What the labels of points mean to a decoder: the corners of a box, a point within, and nothing."""
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
TYPES |= {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(uint8)": np.uint8}  # type: ignore[dict-item]

Floats = npt.NDArray[np.floating[Any]]
Pixels = npt.NDArray[np.uint8]


class BadModel(Exception):
    """A file that is not what it must be; the message names it, and what was expected."""


@dataclass(frozen=True)
class Port:
    """An input or output: its name, its shape (None where a side is free) and its type, as ONNX Runtime says it."""

    name: str
    shape: tuple[int | None, ...]
    kind: str

    @classmethod
    def of(cls, node: Any) -> "Port":
        """From one of ONNX Runtime's nodes."""
        return cls(
            node.name, tuple(side if isinstance(side, int) and side > 0 else None for side in node.shape), node.type
        )

    def __str__(self) -> str:
        return f"{self.name} {[side or '?' for side in self.shape]}"

    def cast(self, values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Values in its type."""
        return np.asarray(values).astype(TYPES[self.kind])


@dataclass(frozen=True)
class Options:
    """What `model.json` says, where there is one."""

    name: str = ""
    size: int = 0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resize: str = ""
    threshold: float = 0.0
    features: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


def read_options(folder: Path) -> Options:
    """Reads `model.json` of a model's folder. Raises `BadModel` for one that cannot be read, naming the key."""
    path = folder / OPTIONS
    if not path.exists():
        return Options()
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadModel(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(said, dict):
        raise BadModel(f"{path} must hold an object")
    for key, value in said.items():
        if key not in KNOWN:
            raise BadModel(f"{path}: {key!r} is not known; known are {', '.join(KNOWN)}")
        right, what = KNOWN[key]
        if not right(value):
            raise BadModel(f"{path}: {key} must be {what}, not {value!r:.60}")
    given: dict[str, Any] = {key: tuple(value) if key in ("mean", "std") else value for key, value in said.items()}
    return Options(**given)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _is_triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_names(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _is_named(value: Any, meanings: Mapping[str, Any]) -> bool:
    return _is_names(value) and value.keys() <= meanings.keys()


KNOWN: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: isinstance(value, str) and len(value) <= 60, "a text of at most 60 letters"),
    "size": (
        lambda value: type(value) is int and SMALLEST <= value <= LARGEST,
        f"a whole number from {SMALLEST} to {LARGEST}",
    ),
    "mean": (_is_triple, "three numbers, of 0 to 255"),
    "std": (lambda value: _is_triple(value) and min(value) > 0, "three numbers above 0"),
    "resize": (lambda value: value in ("longest", "stretch"), "longest or stretch"),
    "threshold": (_is_number, "a number"),
    "features": (_is_names, "names of the encoder's outputs, by input of the decoder"),
    "inputs": (lambda value: _is_named(value, PROMPTS), f"names of inputs of the decoder, by {', '.join(PROMPTS)}"),
    "outputs": (lambda value: _is_named(value, ANSWERS), f"names of its outputs, by {', '.join(ANSWERS)}"),
}
"""What `model.json` may say: what is right, and what that is in words."""


@dataclass(frozen=True)
class Form:
    """How a model is asked: `layout` is that of its pictures (NCHW, NHWC or HWC), `side` theirs in pixels, `stretched`
    whether both sides are made that long, or the longer one; `features` are the encoder's outputs by the decoder's
    inputs, `asked` and `answered` the decoder's ports by what they mean."""

    picture: Port
    layout: str
    side: int
    stretched: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    threshold: float
    features: Mapping[str, str]
    ports: Mapping[str, Port]
    asked: Mapping[str, Port]
    answered: Mapping[str, str]

    # a picture

    def prepared(self, pixels: Pixels) -> npt.NDArray[Any]:
        """A picture (height, width, 3) as the encoder takes it."""
        across, down = self.inner(pixels.shape[1], pixels.shape[0])
        image = Image.fromarray(pixels).resize((across, down), Image.Resampling.BILINEAR)
        mean, std = (np.array(one, dtype=np.float32) for one in (self.mean, self.std))
        values = (np.asarray(image, dtype=np.float32) - mean) / std
        if self.layout != "HWC":
            values = np.pad(values, ((0, self.side - down), (0, self.side - across), (0, 0)))
        if self.layout == "NCHW":
            values = values.transpose(2, 0, 1)
        return self.picture.cast(values if self.layout == "HWC" else values[None])

    def inner(self, width: int, height: int) -> tuple[int, int]:
        """How many of the encoder's pixels a picture takes, across and down."""
        if self.stretched:
            return self.side, self.side
        scale = self.side / max(width, height)
        return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))

    # a prompt

    def prompted(self, features: Mapping[str, Any], prompt: Floats, width: int, height: int) -> dict[str, Any]:
        """What the decoder is given: features by its inputs' names, and a prompt of one row (x, y), a point, or of two,
        the corners of a box, in pixels of the picture."""
        across, down = self.inner(width, height)
        points = prompt * [across / width, down / height]
        labels = [FIRST, SECOND] if len(prompt) == 2 else [POINT, NONE]
        if len(prompt) == 1:
            points = np.concatenate([points, np.zeros((1, 2))])
        given: dict[str, Any] = {name: self.ports[name].cast(features[own]) for name, own in self.features.items()}
        values = {
            "points": points,
            "labels": np.array(labels),
            "mask": np.zeros((1, 1, *self._mask_sides())),
            "has_mask": np.zeros(1),
            "size": np.array([height, width]),
        }
        for meaning, port in self.asked.items():
            value = values[meaning]
            while meaning in ("points", "labels") and value.ndim < len(port.shape):
                value = value[None]
            given[port.name] = port.cast(value)
        return given

    def _mask_sides(self) -> tuple[int, int]:
        shape = self.asked["mask"].shape if "mask" in self.asked else ()
        down, across = shape[-2:] if len(shape) >= 2 else (None, None)
        return down or MASK_SIDE, across or MASK_SIDE

    # what it answers

    def mask(
        self, masks: npt.NDArray[Any], scores: npt.NDArray[Any] | None, width: int, height: int
    ) -> tuple[npt.NDArray[np.bool_], float | None]:
        """The best mask (height, width), and the decoder's own score of it. Raises `BadModel` for one that is none."""
        found = np.asarray(masks, dtype=np.float32)
        if found.ndim < 2 or not found.size:
            raise BadModel(f"{DECODER} answered masks of the shape {list(found.shape)}")
        found = found.reshape(-1, *found.shape[-2:])
        values = None if scores is None else np.asarray(scores, dtype=np.float64).ravel()
        best = int(values.argmax()) if values is not None and len(values) == len(found) else 0
        if not np.isfinite(found[best]).all() or (values is not None and not np.isfinite(values).all()):
            raise BadModel(f"{DECODER} answered with numbers that are not finite")
        score = None if values is None or len(values) != len(found) else float(min(1.0, max(0.0, values[best])))
        return self._sized(found[best], width, height) > self.threshold, score

    def _sized(self, logits: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
        """The values of a mask at each pixel of the picture."""
        down, across = logits.shape
        if (down, across) == (height, width):
            return logits
        if "size" in self.asked and self.answered["masks"] != "low_res_masks":
            raise BadModel(f"{DECODER} answered a mask of {across} x {down} for a picture of {width} x {height}")
        if down != across:
            raise BadModel(f"{DECODER} answered a mask of {across} x {down}; one as wide as high was expected")
        inner = self.inner(width, height)
        part = (0.0, 0.0, across * inner[0] / self.side, down * inner[1] / self.side)
        return np.asarray(Image.fromarray(logits).resize((width, height), Image.Resampling.BILINEAR, box=part))


def form_of(
    folder: Path, options: Options, encoder: Sequence[Sequence[Port]], decoder: Sequence[Sequence[Port]]
) -> Form:
    """The form of a model from its inputs and outputs. Raises `BadModel`, naming the file and what was expected."""
    file = folder / ENCODER
    if len(encoder[0]) != 1:
        raise BadModel(f"{file} has {len(encoder[0])} inputs ({_listed(encoder[0])}); one picture was expected")
    picture = encoder[0][0]
    layout = _layout(file, picture)
    asked, features = _asked(folder, options, encoder[1], decoder[0])
    answered = _answered(folder, options, decoder[1], bool(asked.get("size")))
    own = layout == "HWC"  # such encoders bring their own scaling along
    sides = (
        {side for side in picture.shape[-2:] if side}
        if layout == "NCHW"
        else {side for side in picture.shape[1:3] if side}
    )
    if not own and len(sides) > 1:
        raise BadModel(f"{file}: {picture} takes pictures that are not square; as long as wide was expected")
    fixed = 0 if own else next(iter(sides), 0)
    if fixed and options.size not in (0, fixed):
        raise BadModel(f"{folder / OPTIONS}: size is {options.size}, but {file} takes pictures of {fixed}")
    high = any("high_res" in name for name in features)  # as SAM 2 has them
    return Form(
        picture=picture,
        layout=layout,
        side=fixed or options.size or SIDE,
        stretched=options.resize == "stretch" or (not options.resize and high),
        mean=options.mean or ((0.0, 0.0, 0.0) if own else MEAN),
        std=options.std or ((1.0, 1.0, 1.0) if own else STD),
        threshold=options.threshold,
        features=features,
        ports={port.name: port for port in decoder[0]},
        asked=asked,
        answered=answered,
    )


def _layout(file: Path, picture: Port) -> str:
    shape = picture.shape
    layout = ""
    if len(shape) == 4:
        layout = "NCHW" if shape[1] == 3 else "NHWC" if shape[3] == 3 else "NCHW" if shape[1] is None else ""
    elif len(shape) == 3 and shape[2] in (3, None):
        layout = "HWC"
    if not layout or picture.kind not in TYPES:
        raise BadModel(
            f"{file}: its input {picture} of {picture.kind} does not take a picture; 1 x 3 x side x side was expected"
        )
    return layout


def _asked(
    folder: Path, options: Options, made: Sequence[Port], taken: Sequence[Port]
) -> tuple[dict[str, Port], dict[str, str]]:
    """The decoder's prompts by what they mean, and where its features come from."""
    file = folder / DECODER
    ports, outputs = {port.name: port for port in taken}, [port.name for port in made]
    asked: dict[str, Port] = {}
    for meaning, names in PROMPTS.items():
        wanted = (options.inputs[meaning],) if meaning in options.inputs else names
        if found := next((name for name in wanted if name in ports), ""):
            asked[meaning] = ports[found]
        elif meaning in options.inputs or meaning in ("points", "labels"):
            raise BadModel(f"{file} has no input {' or '.join(wanted)} for {meaning}; it has {_listed(taken)}")
    rest = [port for port in taken if port not in asked.values()]
    if not rest:
        raise BadModel(f"{file} takes nothing of a picture; an input for the output of {ENCODER} was expected")
    features: dict[str, str] = {}
    for port in rest:
        own = options.features.get(port.name) or (port.name if port.name in outputs else "")
        if not own and len(rest) == len(outputs) == 1:
            own = outputs[0]
        if own not in outputs:
            raise BadModel(
                f"{file}: nothing says what its input {port} is; {ENCODER} gives {', '.join(outputs)}: say features in"
                f" {OPTIONS}"
            )
        features[port.name] = own
    for port in (*asked.values(), *rest):
        if port.kind not in TYPES:
            raise BadModel(f"{file}: its input {port} is of {port.kind}; numbers were expected")
    sides = {port.name: port for port in made}
    for name, own in features.items():
        if not _fit(sides[own].shape, ports[name].shape):
            raise BadModel(f"{file}: its input {ports[name]} does not take what {ENCODER} gives, {sides[own]}")
    return asked, features


def _fit(given: Sequence[int | None], taken: Sequence[int | None]) -> bool:
    return (
        not given
        or not taken
        or (len(given) == len(taken) and all(a == b or None in (a, b) for a, b in zip(given, taken, strict=True)))
    )


def _answered(folder: Path, options: Options, made: Sequence[Port], has_size: bool) -> dict[str, str]:
    file = folder / DECODER
    there = [port.name for port in made]
    answered: dict[str, str] = {}
    for meaning, names in ANSWERS.items():
        wanted = (options.outputs[meaning],) if meaning in options.outputs else names
        if found := next((name for name in wanted if name in there), ""):
            answered[meaning] = found
        elif meaning in options.outputs or meaning == "masks":
            raise BadModel(f"{file} has no output {' or '.join(wanted)} for {meaning}; it has {_listed(made)}")
    return answered


def _listed(ports: Sequence[Port]) -> str:
    return ", ".join(map(str, ports)) or "none"
