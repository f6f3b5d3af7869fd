"""What assistants and predictors are sent and answer over REST, declared once."""

from typing import Any

from rest_framework import serializers

from lode_annotation.api.shapes import ResultField
from lode_annotation.assist.answering import said_of
from lode_annotation.assist.models import Predictor
from lode_annotation.assist.standing import Standing

Shape = serializers.Serializer[Any]
MOST_PIXELS = 1_000_000


class ClickShape(Shape):
    control = serializers.CharField(max_length=200, help_text="the control whose label is in hand")
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]
    x = serializers.FloatField(
        min_value=0, max_value=MOST_PIXELS, required=False, help_text="pixels of the upright image; not asked of a box"
    )
    y = serializers.FloatField(min_value=0, max_value=MOST_PIXELS, required=False)
    page = serializers.IntegerField(required=False, default=0, min_value=0, max_value=MOST_PIXELS)
    box = serializers.ListField(
        child=serializers.FloatField(min_value=0, max_value=MOST_PIXELS),
        min_length=4,
        max_length=4,
        required=False,
        help_text="instead of x and y: a box that was drawn, x1, y1, x2, y2",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if box := given.get("box"):
            given |= {"box": tuple(box), "x": (box[0] + box[2]) / 2, "y": (box[1] + box[3]) / 2}
        for name in ("x", "y"):
            if name not in given:
                raise serializers.ValidationError({name: "Say where: x and y, or a box."})
        return given


class LearnedShape(Shape):
    version = serializers.CharField()
    regions = serializers.IntegerField(help_text="that it learned from")
    accuracy = serializers.FloatField(allow_null=True)
    trivial = serializers.FloatField(allow_null=True, help_text="the same measure of the trivial guess")
    learned_at = serializers.CharField()


class HelperShape(Shape):
    name = serializers.CharField()
    version = serializers.CharField(allow_blank=True, help_text="of one that the operator gives, what it is")
    boxes = serializers.BooleanField(help_text="whether it takes boxes as well as clicks")


class SuggestedShape(Shape):
    result = ResultField(help_text="one region of a Label Studio result, or none")
    model = LearnedShape(allow_null=True)
    assistant = HelperShape(allow_null=True)
    predictor = serializers.CharField(required=False, help_text="the predictor that answered in its stead")


class AbleShape(Shape):
    on = serializers.BooleanField(help_text="whether clicks are answered")
    reason = serializers.CharField(allow_blank=True, help_text="why not, as a sentence")
    model = LearnedShape(allow_null=True)
    assistant = HelperShape(allow_null=True, help_text="the one that answers")


class AssistantShape(Shape):
    assistant = serializers.CharField()
    purpose = serializers.CharField(help_text="click or prelabel")
    measure = serializers.CharField()
    state = serializers.CharField(help_text="on, off, worse, unmeasured, untrained or unable")
    reason = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True, help_text="of one that the operator gives, what it is")
    model = LearnedShape(allow_null=True)


class SwitchShape(Shape):
    on = serializers.BooleanField()


class PrelabelShape(Shape):
    predictor = serializers.UUIDField(required=False, default=None, allow_null=True, help_text="else the assistant")


class NewPredictorShape(Shape):
    name = serializers.CharField(max_length=64)
    url = serializers.CharField(max_length=500, help_text="below which /health, /setup and /predict are asked")
    interactive = serializers.BooleanField(required=False, default=False, help_text="it also answers clicks")


class PredictorShape(NewPredictorShape):
    uuid = serializers.UUIDField()
    on = serializers.BooleanField()
    model_version = serializers.CharField()
    fault = serializers.CharField(help_text="why it last failed to answer")


def predictor_json(row: Predictor) -> dict[str, Any]:
    """A row of ``PredictorShape``."""
    return {name: getattr(row, name) for name in ("uuid", "name", "url", "interactive", "on", "model_version", "fault")}


def assistant_json(one: Standing) -> dict[str, Any]:
    """A row of ``AssistantShape``."""
    return {
        "assistant": one.assistant.name,
        "purpose": one.assistant.purpose,
        "measure": str(one.assistant.measure),
        "state": one.state,
        "reason": one.reason,
        "version": one.assistant.version(),
        "model": said_of(one.model) if one.model else None,
    }
