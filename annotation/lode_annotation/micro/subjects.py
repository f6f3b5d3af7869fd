"""What a micro-task asks about, as the labels of its item have it: kept when it is asked, compared when it is shown."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def subject_of(region: str, class_id: int | None, regions: Sequence[Row], answers: Sequence[Row], digest: str) -> Row:
    """That of a label set which a question is about: the row of a region (None where it is not there), else what is
    said of a class, else the digest of all. An item without a label set has no rows and an empty digest."""
    if region:
        return {"region": next((dict(row) for row in regions if row["id"] == region), None)}
    if class_id is not None:
        held = [row["id"] for row in (*regions, *answers) if row.get("class_id") == class_id]
        return {"class": class_id, "held": sorted(held)}
    return {"digest": digest}


def key_of(region: str, class_id: int | None, text: str) -> str:
    """The key under which a queue asks the same of an item once: region and class, or the words of what is asked of the
    whole item. 32 characters."""
    about = f"{region}\n{class_id or ''}" if region or class_id is not None else f"\n\n{text}"
    return hashlib.sha256(about.encode()).hexdigest()[:32]
