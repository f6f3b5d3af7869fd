"""The items' own fields that versions carry: which are chosen, and what an item then says."""

import json
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from lode_datasets.models import Dataset
from lode_platform import metadata
from lode_platform.errors import BadInput
from motherlode import carried

__all__ = ["fields_of", "text_of"]


def fields_of(dataset: Dataset, names: Sequence[str] | None = None) -> dict[str, str]:
    """The fields that the dataset's next version carries and the kind of each, by name: these, or for None those that
    the dataset's versions carry by its choice. Raises ``BadInput`` (metadata) for a field that the project has not."""
    if names is None:
        return dict(sorted(dataset.metadata_kinds.items()))
    known = metadata.kinds_of(dataset.project) if names else {}
    for name in names:
        if name not in known:
            words = {"name": name[:120], "project": dataset.project.name, "known": ", ".join(known) or _("none")}
            raise BadInput(
                _("The project %(project)s has no field %(name)r; it has %(known)s.") % words, field="metadata"
            )
    return {name: known[name] for name in sorted(set(names))}


def text_of(said: str, kinds: Mapping[str, str]) -> str | None:
    """What an item whose metadata is ``said``, a JSON text, says of these fields: canonical JSON, None where nothing.

    A value that is not of its field's kind, as one that came in before the field had a kind, is left out.
    """
    own = json.loads(said)
    return carried.as_text({name: own[name] for name, kind in kinds.items() if metadata.fits(kind, own.get(name))})
