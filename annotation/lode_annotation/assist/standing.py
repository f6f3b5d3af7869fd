"""How each assistant of a schema stands: what it learned, and whether it may help, or why not."""

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from lode_annotation.assist.assistants import ASSISTANTS
from lode_annotation.assist.assistants.assistant import Assistant
from lode_annotation.assist.models import AssistantModel, AssistantSwitch
from lode_annotation.assist.pictures import suits
from lode_annotation.models import LabelSet, Schema
from lode_annotation.rules import Rules
from lode_annotation.schemas import medium_of
from lode_platform import jobs
from lode_platform.models import Job
from motherlode.media import Image
from motherlode.shapes import SHAPES

VERB = "annotation.train_assistants"
LEAST = 50
"""Regions from which on there is something to learn."""
HELD_OUT = 10
"""Regions held out, below which an assistant is not measured, and does not help."""

State = Literal["on", "off", "worse", "unmeasured", "untrained", "unable"]


@dataclass(frozen=True)
class Standing:
    """``reason`` says why it does not help, as a sentence; "" where it does. ``model`` is what it learned last."""

    assistant: Assistant
    model: AssistantModel | None
    switch: AssistantSwitch | None
    state: State
    reason: str

    @property
    def on(self) -> bool:
        """Whether it helps."""
        return self.state == "on"


def asks_for_regions(rules: Rules) -> bool:
    """Whether a schema asks for regions that an assistant can suggest."""
    return any(suits(SHAPES[control.kind]) and not control.per_region for control in rules.asked)


def standings(schema: Schema) -> list[Standing]:
    """All assistants that this server has, as they stand."""
    newest: dict[str, AssistantModel] = {}
    switches = {
        row.assistant: row for row in AssistantSwitch.objects.filter(schema=schema).select_related("changed_by")
    }
    offered = {name: one for name, one in ASSISTANTS.items() if one.offered()}
    for name in offered:
        rows = AssistantModel.objects.filter(schema=schema, assistant=name).select_related("schema_revision")
        if (found := rows.order_by("-id").first()) is not None:
            newest[name] = found
    return [_standing(one, newest.get(name), switches.get(name)) for name, one in offered.items()]


def standing(schema: Schema, name: str) -> Standing:
    """How one assistant stands: two statements."""
    model = AssistantModel.objects.filter(schema=schema, assistant=name).order_by("-id").first()
    switch = AssistantSwitch.objects.filter(schema=schema, assistant=name).first()
    return _standing(ASSISTANTS[name], model, switch)


def _standing(one: Assistant, model: AssistantModel | None, switch: AssistantSwitch | None) -> Standing:
    state: State = "on"
    reason = ""
    if model is not None and model.version != one.version():  # of another model that was given
        model = None
    measured = model is not None and model.accuracy is not None and model.held_out >= HELD_OUT
    if reason := str(one.why_not()):
        state = "unable"
    elif switch is not None and not switch.on:
        state, reason = "off", _("It is switched off.")
    elif one.ready and not measured:
        pass
    elif model is None:
        state = "untrained"
        reason = _("It has not learned anything yet: it needs %(n)s labelled regions.") % {"n": LEAST}
    elif not measured:
        state = "unmeasured"
        reason = _("Too few labelled regions are held out to measure it on: more labels are needed.")
    elif not model.better:
        state = "worse"
        reason = _("Off by itself: it is not better than the trivial guess yet (%(own)s against %(trivial)s).") % {
            "own": f"{model.accuracy:.3f}",
            "trivial": f"{model.trivial:.3f}",
        }
    return Standing(one, model, switch, state, reason)


def training(schema: Schema) -> Job | None:
    """The job that trains the schema's assistants now."""
    rows = Job.objects.filter(verb=VERB, project=schema.project_id, state__in=jobs.OPEN)
    return rows.filter(arguments__schema=str(schema.uuid)).first()


def newer_label_sets(schema: Schema, model: AssistantModel | None, most: int) -> int:
    """How many label sets came since a model learned, at most ``most``: one statement, however many there are."""
    rows = LabelSet.objects.current().filter(schema=schema)
    if model is not None:
        rows = rows.filter(pk__gt=model.last_label_set)
    return len(rows.order_by("-pk").values_list("pk")[:most])


def takes_pictures(schema: Schema) -> bool:
    """Whether the schema asks about pictures: of other media there is nothing to learn yet."""
    return medium_of(schema).kind == Image.kind
