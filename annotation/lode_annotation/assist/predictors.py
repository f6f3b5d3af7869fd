"""Models of others behind HTTP, in the words of Label Studio's ML backends: ``/health``, ``/setup`` and ``/predict``.

They are asked by jobs, and for clicks within a few seconds; never while somebody waits for the next task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from lode_annotation.assist.models import Predictor
from lode_annotation.models import Schema
from lode_annotation.rules import Rules, rules_of
from lode_annotation.schemas import latest
from lode_annotation.validation import problems_of, size_said
from lode_platform import access, events, outgoing, shared_media
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, LodeError
from lode_platform.models import Item
from lode_platform.outgoing import Unanswered
from motherlode.media import Image
from motherlode.regions import Control
from motherlode.shapes import SHAPES

CLICK_SECONDS = 5.0
SECONDS = 60.0
Results = list[dict[str, Any]]


@dataclass(frozen=True)
class OverHttp:
    """A predictor that is asked over HTTP, about items of one schema."""

    predictor: Predictor
    config: str
    rules: Rules
    seconds: float = SECONDS

    def health(self) -> None:
        self._ask("GET", "health")

    def setup(self) -> str:
        said = self._ask(
            "POST", "setup", {**self._project(), "schema": self.config, "hostname": "", "access_token": ""}
        )
        return str(said.get("model_version") or "")[:200] if isinstance(said, dict) else ""

    def predict(self, items: Sequence[Item], context: Mapping[str, Any] | None = None) -> list[Results]:
        tasks = [{"id": number, "data": {self._key(): shared_media.link(item)}} for number, item in enumerate(items, 1)]
        said = self._ask(
            "POST",
            "predict",
            {
                **self._project(),
                "tasks": tasks,
                "label_config": self.config,
                "model_version": self.predictor.model_version or None,
                "params": {"login": None, "password": None, "context": context},
            },
        )
        rows = said.get("results") if isinstance(said, dict) else said
        if not isinstance(rows, list) or len(rows) != len(items):
            raise Unanswered(f"{self.predictor.name} did not answer with one result a task.")
        return [self._taken(item, row) for item, row in zip(items, rows, strict=True)]

    def _taken(self, item: Item, row: Any) -> Results:
        """What of a prediction could be an answer; each region gets an id of its own."""
        entries = row.get("result") if isinstance(row, dict) else row
        version = str((row.get("model_version") if isinstance(row, dict) else "") or self.predictor.name)[:200]
        found: Results = []
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict):
                continue
            mine = {**entry, "id": str(uuid4()), **size_said(item.media), "model_version": version}
            score = entry.get("score", row.get("score") if isinstance(row, dict) else None)
            mine.pop("score", None)
            if isinstance(score, int | float) and 0 <= score <= 1:
                mine["score"] = float(score)
            if next(iter(problems_of([mine], item.media, self.rules)), None) is None:
                found.append(mine)
        return found

    def _project(self) -> dict[str, str]:
        return {"project": str(self.predictor.schema.uuid)}

    def _key(self) -> str:
        """The name under which the config asks for the item's address."""
        _, _, rest = self.config.partition('value="$')
        return rest.partition('"')[0] or "image"

    def _ask(self, method: str, verb: str, body: Any = None) -> Any:
        return outgoing.ask(method, f"{self.predictor.url}/{verb}", body, seconds=self.seconds)


def of(predictor: Predictor, *, seconds: float = SECONDS) -> OverHttp:
    """A predictor ready to be asked under the newest revision of its schema."""
    revision = latest(predictor.schema)
    return OverHttp(predictor, revision.config, rules_of(revision.controls), seconds)


def marked(control: Control, label: str, x: float, y: float, media: Image) -> dict[str, Any]:
    """A click as Label Studio's interactive backends are told of it: a key point with the label in hand."""
    point = SHAPES["keypoint"]
    place = {"x": 100 * x / media.width, "y": 100 * y / media.height, "width": 0.5, point.key: [label]}
    entry = {"type": point.result_type, "from_name": control.name, "to_name": control.to_name, "value": place}
    return {"result": [{**entry, "id": str(uuid4()), "is_positive": True, **size_said(media)}]}


# -- what people do ----------------------------------------------------------------------------------------------------


def add(schema: Schema, caller: Caller, *, name: str, url: str, interactive: bool = False) -> Predictor:
    """Adds a predictor, once it says that it is well and has been told the schema.

    Raises ``Forbidden``, ``BadInput`` for an address that may not be asked, ``Unanswered``, and ``Conflict`` for a name
    that is taken.
    """
    access.require(caller, schema.project, "schema.edit")
    row = Predictor(schema=schema, name=name, url=outgoing.check_address(url), interactive=interactive)
    row.created_by = caller.user
    asked = of(row, seconds=CLICK_SECONDS)
    asked.health()
    row.model_version, row.checked_at = asked.setup(), timezone.now()
    try:
        with transaction.atomic():
            row.save()
            events.record(schema.project, caller.user, "predictor.add", row, name=name, url=row.url)
    except IntegrityError:
        raise Conflict(f"There is a predictor {name!r} already.", code="name_taken", field="name") from None
    return row


def remove(predictor: Predictor, caller: Caller) -> None:
    """Removes a predictor; what it suggested stays. Raises ``Forbidden``."""
    access.require(caller, predictor.schema.project, "schema.edit")
    with transaction.atomic():
        events.record(predictor.schema.project, caller.user, "predictor.remove", predictor, name=predictor.name)
        predictor.delete()


def named(schema: Schema, uuid: UUID | str) -> Predictor | None:
    """The predictor of a schema with this uuid, if there is one and it is on."""
    return Predictor.objects.filter(schema=schema, uuid=uuid, on=True).select_related("schema__project").first()


def interactive(schema: Schema) -> Predictor | None:
    """The predictor that answers clicks, if there is one: the newest."""
    rows = Predictor.objects.filter(schema=schema, on=True, interactive=True)
    return rows.select_related("schema__project").order_by("-pk").first()


def clicked(predictor: Predictor, item: Item, control: Control, label: str, x: float, y: float) -> Results | None:
    """What a predictor says of a click, None where it does not answer in time: then the fault is noted, and the
    project's own assistant asked."""
    media = item.media
    assert isinstance(media, Image)
    try:
        found = of(predictor, seconds=CLICK_SECONDS).predict([item], marked(control, label, x, y, media))[0]
    except LodeError as error:
        Predictor.objects.filter(pk=predictor.pk).update(fault=error.message[:300], checked_at=timezone.now())
        return None
    return found
