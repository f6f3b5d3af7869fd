"""A tiny promptable segmentation model as ONNX, whose right answer is known: the pixels coloured as the clicked one is.

The encoder gives the picture back, each value over 10; the decoder's mask is where that is near to the colour at the
prompt's point, or in the middle of its box. It is asked as SAM is, by the same names.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
FLOAT, WHOLE = TensorProto.FLOAT, TensorProto.INT64


def write(folder: Path, *, side: int = SIDE, answer: str = "", slow: int = 0, points: str = "point_coords") -> Path:
    """Both files into a folder. ``answer`` "nan" or "size" makes the decoder's wrong; ``slow`` is how often the encoder
    goes over the picture again, ``points`` what the decoder's input of points is called."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "encoder.onnx", encoder(side, slow))
    save(folder / "decoder.onnx", decoder(side, answer, points))
    return folder


def save(path: Path, graph: Any) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def constant(name: str, values: Any, kind: Any = np.float32) -> Any:
    return numpy_helper.from_array(np.array(values, dtype=kind), name)


def encoder(side: int, slow: int) -> Any:
    nodes = [helper.make_node("Mul", ["images", "tenth"], ["small"])]
    constants = [constant("tenth", 0.1)]
    last = "small"
    if slow:  # matrices multiplied, over and over
        constants += [constant("times", slow, np.int64), constant("true", True, np.bool_)]
        body = helper.make_graph(
            [
                helper.make_node("Identity", ["go"], ["still"]),
                helper.make_node("MatMul", ["was", "was"], ["product"]),
                helper.make_node("Tanh", ["product"], ["is"]),
            ],
            "again",
            [
                helper.make_tensor_value_info("turn", WHOLE, []),
                helper.make_tensor_value_info("go", TensorProto.BOOL, []),
                helper.make_tensor_value_info("was", FLOAT, None),
            ],
            [
                helper.make_tensor_value_info("still", TensorProto.BOOL, []),
                helper.make_tensor_value_info("is", FLOAT, None),
            ],
        )
        constants.append(constant("nothing", 0.0))
        nodes += [
            helper.make_node("Loop", ["times", "true", "small"], ["looped"], body=body),
            helper.make_node("Mul", ["looped", "nothing"], ["none"]),
            helper.make_node("Add", ["small", "none"], ["image_embeddings"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", [last], ["image_embeddings"]))
    shape = [1, 3, side, side]
    return helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("images", FLOAT, shape)],
        [helper.make_tensor_value_info("image_embeddings", FLOAT, shape)],
        constants,
    )


def decoder(side: int, answer: str, points: str) -> Any:
    """The colour under the prompt is looked up by its place; a mask is how much nearer than .1 each colour is."""
    nodes = [
        # the point itself, or of a box the middle of its corners: labels 2 and 3 stand for those, 1 and -1 for a point
        helper.make_node("ReduceMax", ["point_labels"], ["kind"], keepdims=0),
        helper.make_node("Greater", ["kind", "two"], ["is_box"]),
        helper.make_node("ReduceMean", [points], ["middle"], axes=[0, 1], keepdims=0),
        helper.make_node("Slice", [points, "zero1", "one1", "axis1"], ["first"]),
        helper.make_node("Reshape", ["first", "pair"], ["point"]),
        helper.make_node("Where", ["is_box", "middle", "point"], ["where"]),
        helper.make_node("Floor", ["where"], ["floored"]),
        helper.make_node("Cast", ["floored"], ["whole"], to=WHOLE),
        helper.make_node("Split", ["whole", "halves"], ["x", "y"], axis=0),
        helper.make_node("Squeeze", ["image_embeddings", "batch"], ["picture"]),
        helper.make_node("Gather", ["picture", "y"], ["row"], axis=1),
        helper.make_node("Gather", ["row", "x"], ["colour"], axis=2),
        helper.make_node("Sub", ["picture", "colour"], ["apart"]),
        helper.make_node("Abs", ["apart"], ["far"]),
        helper.make_node("ReduceMax", ["far"], ["farthest"], axes=[0], keepdims=0),
        helper.make_node("Sub", ["near", "farthest"], ["logits"]),
        helper.make_node("Reshape", ["logits", "square"], ["masks0"]),
        helper.make_node("Identity", ["sure"], ["iou_predictions"]),
    ]
    constants = [
        constant("two", 2.5),
        constant("zero1", [0], np.int64),
        constant("one1", [1], np.int64),
        constant("axis1", [1], np.int64),
        constant("pair", [2], np.int64),
        constant("halves", [1, 1], np.int64),
        constant("batch", [0], np.int64),
        constant("near", 0.05),
        constant("square", [1, 1, side, side], np.int64),
        constant("sure", [[0.9]]),
    ]
    if answer == "nan":
        constants.append(constant("nan", float("nan")))
        nodes.append(helper.make_node("Mul", ["masks0", "nan"], ["masks"]))
    elif answer == "size":
        constants.append(constant("odd", [1, 1, side * 2, side // 2], np.int64))
        nodes.append(helper.make_node("Reshape", ["masks0", "odd"], ["masks"]))
    else:
        nodes.append(helper.make_node("Identity", ["masks0"], ["masks"]))
    given: list[tuple[str, list[Any]]] = [
        ("image_embeddings", [1, 3, side, side]),
        (points, [1, "points", 2]),
        ("point_labels", [1, "points"]),
    ]
    return helper.make_graph(
        nodes,
        "decoder",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in given],
        [
            helper.make_tensor_value_info("masks", FLOAT, [1, 1, None, None]),
            helper.make_tensor_value_info("iou_predictions", FLOAT, [1, 1]),
        ],
        constants,
    )
