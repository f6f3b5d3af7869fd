"""A config tried without being saved: what it would ask, or what stands in the way."""

from typing import Any

from lode_annotation.labeling import controls_json, parse_config
from lode_annotation.models import Schema
from lode_platform.errors import BadInput


def check(config: str, schema: Schema | None = None) -> dict[str, Any]:
    """``{"ok", "controls", "problems": [{"line", "error"}]}``; class ids as ``schema`` would give them."""
    try:
        parsed = parse_config(config)
    except BadInput as error:
        return {"ok": False, "controls": [], "problems": list(error.facts.get("problems", []))}
    known: dict[str, int] = {}
    highest = 0
    if schema is not None:
        rows = list(schema.classes.order_by("class_id"))
        known = {row.name: row.class_id for row in rows}
        highest = rows[-1].class_id if rows else 0
    for label in parsed.labels:
        if label not in known:
            highest += 1
            known[label] = highest
    return {"ok": True, "controls": controls_json(parsed, known), "problems": []}
