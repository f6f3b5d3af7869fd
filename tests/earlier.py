"""Rows of versions that were published before format 1."""

from collections.abc import Mapping
from typing import Any

from motherlode.regions import box_of
from motherlode.shapes import SHAPES


def earlier_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as `as_json` writes it, in the form of versions published before format 1: without its control, the kind as
    `type`, the geometry under its kind's own key, and its bounds as `box`."""
    earlier = {key: row[key] for key in row if key not in ("control", "geometry", "kind")}
    earlier["type"] = row["kind"]
    if "geometry" in row:
        earlier["box"] = box_of(row)
        earlier[SHAPES[row["kind"]].field] = row["geometry"]
    return earlier
