"""From settled drafts to what a label set keeps, without a region in between: most of an import is written and no more.

`regions.texts_of` of `source.as_regions` says the same; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from motherlode.formats.source import Draft
from motherlode.manifest import canonical
from motherlode.regions import Control, Kind, Texts, answered, ids_of, place_text, text_of_name

__all__ = ["Asked", "as_texts"]


class Asked(dict[tuple[Kind, str], Control | None]):
    """The control of a schema that each kind and label of imported regions answers, looked up once."""

    def __init__(self, controls: Sequence[Control]) -> None:
        super().__init__()
        self._controls = controls

    def __missing__(self, key: tuple[Kind, str]) -> Control | None:
        found = self[key] = answered(self._controls, *key)
        return found


def as_texts(path: str, drafts: Sequence[Draft], asked: Asked) -> Texts:
    """What the settled drafts of the item `path` say, as canonical JSON texts.

    Raises KeyError for a label that no control has, ValueError for an area that is not finite.
    """
    places = [place_text(draft.kind, draft.geometry) for draft in drafts]
    ids = ids_of(path, zip((draft.label for draft in drafts), places, strict=True))
    answers: list[str] = []
    regions: list[str] = []
    for own, place, draft in zip(ids, places, drafts, strict=True):
        control = asked[draft.kind, draft.label]
        if control is None:
            raise KeyError(draft.label)
        (answers if draft.geometry is None else regions).append(_row(own, place, draft, control))
    return Texts(f"[{','.join(answers)}]", f"[{','.join(regions)}]")


def _row(own: str, place: str, draft: Draft, control: Control) -> str:
    """What `Region.as_json` gives as text, in the order of its keys."""
    class_id = control.class_ids[draft.label]
    area = "" if draft.area is None else f'"area":{_number(draft.area)},'
    attributes = f'"attributes":{canonical(dict(draft.attributes))},' if draft.attributes else ""
    numbered = f'"class_id":{class_id},' if class_id else ""
    difficult = ',"difficult":true' if draft.difficult else ""
    geometry = "" if draft.geometry is None else f',"geometry":{place}'
    crowd = ',"iscrowd":true' if draft.iscrowd else ""
    return (
        f'{{{area}{attributes}{numbered}"control":{text_of_name(control.name)}{difficult}{geometry}'
        f',"id":"{own}"{crowd},"kind":"{draft.kind}"}}'
    )


def _number(value: float) -> str:
    value = float(value) + 0.0
    return repr(value) if isfinite(value) else canonical(value)
