"""The forms of a queue: a new one, and the settings that may be changed."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from lode_annotation import review_rules
from lode_annotation.assignments import Assigned, assigned
from lode_annotation.models import Queue, Schema
from lode_annotation.ordering import DEFAULT, ORDERINGS
from lode_annotation.queues import MAX_OVERLAP
from lode_platform.models import Membership, Project, Role

ALL = "all"


def _of(kind: str, chosen: Sequence[str]) -> list[str]:
    return [one.partition(":")[2] for one in chosen if one.startswith(f"{kind}:")]


class SettingsForm(forms.Form):
    """What may be changed of a queue at any time; ``settings`` of `queues.change_queue`."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("One line that annotators see above the picture."),
    )
    ordering = forms.ChoiceField(
        label=gettext_lazy("Order"),
        choices=lambda: [(name, one.title) for name, one in ORDERINGS.items()],
        required=False,
        help_text=gettext_lazy("Which task is handed out first; among equal priorities, the one added first."),
    )

    skip_reasons = forms.CharField(
        label=gettext_lazy("Reasons to skip"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One a line, up to nine. Skipping asks for one of them, or for words; without, it asks nothing."
        ),
    )
    due = forms.DateField(
        label=gettext_lazy("Due"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    assigned = forms.MultipleChoiceField(
        label=gettext_lazy("For"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Only these people and roles get tasks; with none chosen, everyone who may label."),
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Membership.objects.filter(project=project).order_by("user__username")
        self.fields["assigned"].choices = [  # type: ignore[attr-defined]
            (gettext("Roles"), [(f"role:{role}", title) for role, title in Role.choices]),
            (gettext("People"), [(f"user:{name}", name) for name in names.values_list("user__username", flat=True)]),
        ]

    @classmethod
    def of(cls, queue: Queue) -> dict[str, Any]:
        """The queue's settings as the form shows them."""
        held = assigned(queue)
        return {
            "reason": queue.reason,
            "ordering": queue.ordering,
            "skip_reasons": "\n".join(queue.skip_reasons),
            "due": queue.due,
            "assigned": [f"user:{name}" for name in held.users] + [f"role:{role}" for role in held.roles],
        }

    def settings(self) -> dict[str, Any]:
        """The settings that were given."""
        given = self.cleaned_data
        return {
            "reason": given["reason"],
            "ordering": given["ordering"] or DEFAULT,
            "skip_reasons": given["skip_reasons"].splitlines(),
            "due": given["due"],
            "assigned": Assigned(users=_of("user", given["assigned"]), roles=_of("role", given["assigned"])),
        }


class QueueForm(SettingsForm):
    """A new queue."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    schema = forms.ChoiceField(label=gettext_lazy("Schema"))
    review = forms.ChoiceField(
        label=gettext_lazy("Review"),
        choices=lambda: [
            ("", gettext("Nothing")),
            (ALL, gettext("Every answer")),
            *((rule.name, rule.title) for rule in review_rules.RULES.values()),
        ],
        required=False,
        help_text=gettext_lazy(
            "A reviewed answer becomes labels once a reviewer accepts it; any other becomes labels at once."
        ),
    )
    review_of = forms.CharField(
        label=gettext_lazy("Share, people or labels to review"),
        max_length=1000,
        required=False,
        help_text=gettext_lazy("20 %; below 80 % of agreement; names, with commas between them"),
    )
    overlap = forms.IntegerField(
        label=gettext_lazy("People per task"),
        min_value=1,
        max_value=MAX_OVERLAP,
        initial=1,
        required=False,
        help_text=gettext_lazy("How many people answer each task, none of them twice."),
    )
    consensus = forms.ChoiceField(
        label=gettext_lazy("When several people answer"),
        choices=Queue.Consensus.choices,
        required=False,
        help_text=gettext_lazy(
            "Merged: boxes are averaged, classes go by majority, and what stays undecided waits for a reviewer."
        ),
    )

    field_order = ("name", "schema", "reason", "review")

    def settings(self) -> dict[str, Any]:
        given = self.cleaned_data
        rule = review_rules.RULES.get(given["review"])
        named = {} if rule is None else {rule.name: rule.from_text(given["review_of"])}
        return {**super().settings(), "review": bool(given["review"]), review_rules.FIELD: named}

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(project, *args, **kwargs)
        names = Schema.objects.filter(project=project).order_by("name").values_list("name", flat=True)
        self.fields["schema"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
