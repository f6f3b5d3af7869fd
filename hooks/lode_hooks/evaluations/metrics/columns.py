"""The Parquet files of evaluation: items, truths, predictions and matches, each with its schema, writer and reader.

Items are named by their uuid as text; class ids are the schema's permanent numbers; boxes are float64 pixels, xyxy, of
the upright image. A file is written beside its place and moved there, so that a reader never meets half of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Detections, Floats, Ints, Truths
from lode_hooks.evaluations.metrics.classes import NOTHING
from lode_hooks.evaluations.metrics.kinds import FN, FP, MISSED, NONE, TP, WRONG_CLASS, Matches
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.masks import Masks, Outlines, code_masks, outline_masks

BOX = ("x1", "y1", "x2", "y2")
TRUTH_BOX = ("truth_x1", "truth_y1", "truth_x2", "truth_y2")
PREDICTED_BOX = ("predicted_x1", "predicted_y1", "predicted_x2", "predicted_y2")

Schema = Mapping[str, str]  # the name of each column's type in Polars

ITEMS: Schema = {"item": "String", "path": "String", "width": "Int32", "height": "Int32"}
"""One row per item of the split, by path: the order of images in the evaluation."""

TRUTHS: Schema = {
    "item": "String",
    "frame": "Int32",
    "region": "String",
    "label": "Int32",
    **dict.fromkeys(BOX, "Float64"),
    "area": "Float64",
    "crowd": "Boolean",
    "difficult": "Boolean",
}
"""One row per truth region; a class of a whole image has no box (null)."""

BOX_PREDICTIONS: Schema = {
    "item": "String",
    "frame": "Int32",
    "label": "Int32",
    **dict.fromkeys(BOX, "Float64"),
    "score": "Float64",
}
"""One row per box in the order sent; an item without any box has one row whose label is null."""

OUTLINE: Schema = {
    "points": "List(Float64)",
    "rings": "List(Int32)",
    "parts": "List(Int32)",
    "counts": "List(Int64)",
    "height": "Int32",
}
"""An outline beside its bounds: x and y of all points, points of each ring, rings of each part; or, of a mask, the
counts of its run-length code and the height of its image."""

OUTLINE_TRUTHS: Schema = {**TRUTHS, **OUTLINE}
OUTLINE_PREDICTIONS: Schema = {**BOX_PREDICTIONS, **OUTLINE}

CLASS_PREDICTIONS: Schema = {"item": "String", "label": "Int32", "score": "Float64"}
"""One row per item; beside these, a Float64 column `p<class id>` for every class that got a probability."""

MATCHES: Schema = {
    "unit": "Int32",
    "item": "String",
    "frame": "Int32",
    "detection": "Boolean",
    "state": "Int8",
    "kind": "Int8",
    "tide": "Int8",
    "score": "Float64",
    "claim_score": "Float64",
    "iou": "Float64",
    "truth_class": "Int32",
    "predicted_class": "Int32",
    "partner": "Int64",
    "region": "String",
    "area": "Float64",
    **dict.fromkeys(TRUTH_BOX, "Float64"),
    **dict.fromkeys(PREDICTED_BOX, "Float64"),
}
"""First a row per detection, in the order sent, then a row per truth; a row's number names it for good.

`unit` is the number of the image (of a video: the frame) in the evaluation's order, by path. `state`, `kind`, `tide`
are codes of `kinds`. A detection's `score` is its own; a truth's is that of the detection that
found it (null: none), and `claim_score` that of the best detection that explains it. `partner` is the row of the truth
a detection matched or points at, or of the detection that found or explains a truth (-1: none). -1 is not a class.
"""


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as a Parquet file."""
    with path.open("wb") as file:
        frame.write_parquet(file, compression="zstd", compression_level=1, statistics=False)


def frame_of(schema: Schema, columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A frame of exactly `schema` from plain columns."""
    return pl.DataFrame({name: pl.Series(name, columns[name], dtype=type_of(kind)) for name, kind in schema.items()})


def frame_of_rows(schema: Schema, rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """A frame of exactly `schema` from rows with its columns in their order."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return frame_of(schema, dict(zip(schema, columns, strict=True)))


def type_of(name: str) -> pl.DataType:
    """Polars' type of the name that a schema gives it, such as Float64 or List(Float64)."""
    of = name.removeprefix("List(").removesuffix(")")
    found: pl.DataType = getattr(pl, of)
    return found if of == name else pl.List(found)


@dataclass(frozen=True)
class BoxColumns:
    """Everything an evaluation of boxes reads: units (item, frame) in order, and the two sides as arrays.

    `truth_rows` and `prediction_rows` are the files' frames, row for row with `truths` and `detections`.
    """

    units: pl.DataFrame
    truths: Truths
    detections: Detections
    truth_rows: pl.DataFrame
    prediction_rows: pl.DataFrame


def read_boxes(items: Path, truths: Path, predictions: Path, beside: Sequence[str] = ()) -> BoxColumns:
    """Read and line up the three files; predictions of items that are not in `items` are left out.

    The order of images is that of `items`, then of frames; rows of one image keep the order of their file. `beside`
    names further columns of both sides.
    """
    listed = pl.read_parquet(items, columns=["item"])
    truth_rows = pl.read_parquet(truths, columns=[*TRUTHS, *beside])
    sent = pl.read_parquet(predictions, columns=[*BOX_PREDICTIONS, *beside])
    prediction_rows = sent.filter(pl.col("label").is_not_null())
    units = _units(listed, truth_rows, prediction_rows)
    truth_rows = _numbered(truth_rows, units).filter(pl.col("x1").is_not_null())
    prediction_rows = _numbered(prediction_rows, units)
    return BoxColumns(
        units=units,
        truths=Truths(
            image=_ints(truth_rows["unit"]),
            label=_ints(truth_rows["label"]),
            box=truth_rows.select(BOX).to_numpy().astype(np.float64, copy=False).reshape(-1, 4),
            area=truth_rows["area"].to_numpy().astype(np.float64, copy=False),
            crowd=truth_rows["crowd"].to_numpy().astype(np.bool_, copy=False),
            difficult=truth_rows["difficult"].to_numpy().astype(np.bool_, copy=False),
        ),
        detections=Detections(
            image=_ints(prediction_rows["unit"]),
            label=_ints(prediction_rows["label"]),
            box=prediction_rows.select(BOX).to_numpy().astype(np.float64, copy=False).reshape(-1, 4),
            score=prediction_rows["score"].to_numpy().astype(np.float64, copy=False),
        ),
        truth_rows=truth_rows,
        prediction_rows=prediction_rows,
    )


def _units(listed: pl.DataFrame, *sides: pl.DataFrame) -> pl.DataFrame:
    """Numbered units: an item, or where it has frames, each of its frames."""
    order = listed.with_row_index("place")
    if all(side["frame"].null_count() == len(side) for side in sides):
        return order.select("item", pl.lit(None, dtype=pl.Int32).alias("frame"), pl.col("place").alias("unit"))
    frames = pl.concat([side.select("item", "frame") for side in sides]).unique()
    known = order.join(frames, on="item", how="left").sort("place", "frame", nulls_last=False)
    return known.select("item", "frame").with_row_index("unit").select("item", "frame", "unit")


def _numbered(rows: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Rows with the number of their unit, in their own order, without those of unknown items."""
    if units["frame"].null_count() == len(units):
        return rows.join(units.select("item", "unit"), on="item", how="inner", maintain_order="left")
    return rows.join(units, on=["item", "frame"], how="inner", nulls_equal=True, maintain_order="left")


def box_matches(columns: BoxColumns, matches: Matches) -> pl.DataFrame:
    """The rows of MATCHES: detections, then truths."""
    found, sent = columns.truths, columns.detections
    count = len(sent)
    labels = np.append(found.label, -1)
    said = np.append(sent.label, -1)
    scores = np.append(sent.score, np.nan)
    # A truth shows the detection that found it, else the one that explains it.
    by = np.where(matches.match >= 0, matches.match, matches.claim)
    truth_boxes = np.concatenate((found.box, np.full((1, 4), np.nan)))
    sent_boxes = np.concatenate((sent.box, np.full((1, 4), np.nan)))
    ious = np.append(matches.iou, np.nan)
    at_truth = np.where(matches.truth >= 0, matches.truth, len(found))
    at_sent = np.where(by >= 0, by, count)
    regions = pl.concat([columns.truth_rows["region"], pl.Series("region", [None], dtype=pl.String)])
    areas = np.append(found.area, np.nan)
    # a detection of no truth shows its own area; that of a box follows from its sides
    own = np.full(count, np.nan) if sent.area is None else sent.area

    def both(first: Any, second: Any) -> Any:
        return np.concatenate((first, second))

    data = {
        "detection": both(np.ones(count, np.bool_), np.zeros(len(found), np.bool_)),
        "state": both(matches.state, matches.truth_state),
        "kind": both(matches.kind, matches.truth_kind),
        "tide": both(matches.tide, np.zeros(len(found), np.int8)),
        "score": both(sent.score, scores[matches.match]),
        "claim_score": both(np.full(count, np.nan), scores[matches.claim]),
        "iou": both(matches.iou, ious[at_sent]),
        "truth_class": both(labels[at_truth], found.label).astype(np.int32),
        "predicted_class": both(sent.label, said[at_sent]).astype(np.int32),
        "partner": both(np.where(matches.truth >= 0, matches.truth + count, -1), by),
        "area": both(np.where(at_truth < len(found), areas[at_truth], own), found.area),
        **{name: both(truth_boxes[at_truth, i], found.box[:, i]) for i, name in enumerate(TRUTH_BOX)},
        **{name: both(sent.box[:, i], sent_boxes[at_sent, i]) for i, name in enumerate(PREDICTED_BOX)},
    }
    frame = pl.DataFrame(data).with_columns(
        pl.concat([columns.prediction_rows["unit"], columns.truth_rows["unit"]]).cast(pl.Int32).alias("unit"),
        pl.concat([columns.prediction_rows["item"], columns.truth_rows["item"]]).alias("item"),
        pl.concat([columns.prediction_rows["frame"], columns.truth_rows["frame"]]).alias("frame"),
        pl.concat([regions.gather(at_truth), columns.truth_rows["region"]]).alias("region"),
    )
    return frame.select(list(MATCHES)).with_columns(pl.col(pl.Float64).fill_nan(None))


@dataclass(frozen=True)
class ClassColumns:
    """Everything an evaluation of classes reads: labelled items in order, truth and prediction (NOTHING: none)."""

    rows: pl.DataFrame
    truth: Ints
    predicted: Ints


def read_classes(items: Path, truths: Path, predictions: Path) -> ClassColumns:
    """Read and line up the three files: the items that have a class as truth, each with its prediction or none."""
    listed = pl.read_parquet(items, columns=["item"])
    labelled = pl.read_parquet(truths, columns=["item", "region", "label"]).unique("item", keep="first")
    said = pl.read_parquet(predictions, columns=["item", "label", "score"]).unique("item", keep="last")
    rows = listed.join(labelled, on="item", how="inner", maintain_order="left").join(
        said.rename({"label": "predicted"}), on="item", how="left", maintain_order="left"
    )
    return ClassColumns(
        rows=rows,
        truth=_ints(rows["label"]),
        predicted=_ints(rows["predicted"].fill_null(NOTHING)),
    )


def class_matches(columns: ClassColumns) -> pl.DataFrame:
    """The rows of MATCHES for classes: one per labelled item, right (tp), wrong_class, or missed where nothing came."""
    silent = columns.predicted == NOTHING
    right = columns.truth == columns.predicted
    count = len(columns.rows)
    blank = pl.lit(None, dtype=pl.Float64)
    frame = columns.rows.select(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("unit"),
        "item",
        "region",
        "score",
        pl.lit(None, dtype=pl.Int32).alias("frame"),
        pl.Series("detection", ~silent),
        pl.Series("state", np.where(right, TP, np.where(silent, FN, FP)).astype(np.int8)),
        pl.Series("kind", np.where(right, NONE, np.where(silent, MISSED, WRONG_CLASS)).astype(np.int8)),
        pl.Series("tide", np.zeros(count, dtype=np.int8)),
        blank.alias("claim_score"),
        blank.alias("iou"),
        pl.Series("truth_class", columns.truth.astype(np.int32)),
        pl.Series("predicted_class", columns.predicted.astype(np.int32)),
        pl.lit(-1, dtype=pl.Int64).alias("partner"),
        blank.alias("area"),
        *(blank.alias(name) for name in (*TRUTH_BOX, *PREDICTED_BOX)),
    )
    return frame.select(list(MATCHES))


def read_probabilities(predictions: Path, items: Sequence[str]) -> tuple[list[int], Floats]:
    """Class ids and probabilities (items, classes) in the order of `items`; NaN rows where the run said nothing."""
    frame = pl.read_parquet(predictions)
    names = sorted((name for name in frame.columns if name.startswith("p")), key=lambda name: int(name[1:]))
    wanted = pl.DataFrame({"item": pl.Series(items, dtype=pl.String)})
    said = frame.unique("item", keep="last").with_columns(pl.lit(True).alias("said"))
    rows = wanted.join(said, on="item", how="left", maintain_order="left")
    values = rows.select(pl.col(name).fill_null(0.0) for name in names).to_numpy().astype(np.float64)
    values = values.reshape(len(items), len(names))
    values[rows["said"].is_null().to_numpy()] = np.nan
    return [int(name[1:]) for name in names], values


def _ints(column: pl.Series) -> Ints:
    return column.to_numpy().astype(np.int64)


def outlines(rows: pl.DataFrame) -> Outlines:
    """The outlines of rows that have some."""
    return Outlines(
        points=_flat(rows["points"]).to_numpy().astype(np.float64).reshape(-1, 2),
        rings=_ints(_flat(rows["rings"])),
        parts=_ints(_flat(rows["parts"])),
        objects=_ints(rows["parts"].list.len()),
    )


def masks(rows: pl.DataFrame, items: pl.DataFrame) -> Masks:
    """The masks of rows with `OUTLINE` on their images, whose sizes the rows of `ITEMS` say."""
    sized = rows.select("item").join(items, on="item", how="left", maintain_order="left")
    width, height = _ints(sized["width"]), _ints(sized["height"])
    coded = rows["counts"].is_not_null().to_numpy()
    as_codes, as_outlines = np.flatnonzero(coded), np.flatnonzero(~coded)
    counts = rows["counts"].gather(as_codes)
    codes = code_masks(_ints(_flat(counts)), _ints(counts.list.len()), height[as_codes])
    drawn = outline_masks(outlines(rows[as_outlines]), width[as_outlines], height[as_outlines])
    return Masks.joined(len(rows), [(as_codes, codes), (as_outlines, drawn)])


def _flat(lists: pl.Series) -> pl.Series:
    """The values of all lists, one after the other."""
    return lists.explode().drop_nulls()
