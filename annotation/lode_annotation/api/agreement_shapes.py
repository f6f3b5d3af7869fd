"""The shapes of agreement over REST."""

from rest_framework import serializers

from lode_platform.api.shapes import Shape


class PairShape(Shape):
    people = serializers.ListField(child=serializers.CharField(), required=False)
    person = serializers.CharField(required=False)
    value = serializers.FloatField(allow_null=True, help_text="by the question's measure")
    comparisons = serializers.IntegerField()
    mean_iou = serializers.FloatField(allow_null=True)
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's, of the classes that both gave")


class AmbiguousShape(Shape):
    class_id = serializers.IntegerField()
    name = serializers.CharField()
    share = serializers.FloatField(help_text="of the comparisons that name the class, in how many the other differs")
    comparisons = serializers.IntegerField()


class AgreementOfShape(Shape):
    schema = serializers.CharField()
    control = serializers.CharField()
    measure = serializers.ChoiceField(["f1", "kappa", "alpha", "alike"])
    tasks = serializers.IntegerField()
    f1 = serializers.FloatField(allow_null=True, help_text="of regions of the same place and class, or of labels")
    located = serializers.FloatField(allow_null=True, help_text="F1 of regions of the same place, whatever their class")
    mean_iou = serializers.FloatField(allow_null=True)
    observed = serializers.FloatField(allow_null=True)
    fleiss = serializers.FloatField(allow_null=True)
    alpha = serializers.FloatField(allow_null=True)
    alike = serializers.FloatField(
        allow_null=True, help_text="texts and preferences that are the same; pairs of entries in the same order"
    )
    pairs = PairShape(many=True)
    with_labels = PairShape(many=True)
    ambiguous = AmbiguousShape(many=True)


class AgreementShape(Shape):
    to_compare = serializers.IntegerField(help_text="tasks whose answers are still to be compared")
    questions = AgreementOfShape(many=True)


class EstimateShape(Shape):
    control = serializers.CharField()
    digest = serializers.CharField(help_text="which the votes of a label set name")
    tasks = serializers.IntegerField(help_text="which it was estimated from")
    created_at = serializers.DateTimeField()
    classes = serializers.ListField(child=serializers.IntegerField(), help_text="class ids; 0 says nothing")
    labels = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="their names")
    prior = serializers.ListField(child=serializers.FloatField(), help_text="how often each class is the true one")
    confusion = serializers.DictField(
        child=serializers.ListField(child=serializers.ListField(child=serializers.FloatField())),
        help_text="by person: of each true class, how often they say each class",
    )
    answers = serializers.DictField(child=serializers.IntegerField(), help_text="how many each person gave")
    smoothing = serializers.DictField(child=serializers.FloatField())
