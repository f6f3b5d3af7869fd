"""The list of a project's datasets, and the form that makes a new one."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_annotation.models import Schema
from lode_datasets import adding, presentation, selection
from lode_datasets.models import Dataset, DatasetItem, Version
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.errors import LodeError
from lode_platform.models import Project
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast


class NewDataset(forms.Form):
    """What a dataset is made of."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", gettext_lazy("Use a-z, 0-9, hyphen and underscore."))],
        help_text=gettext_lazy("As training code writes it: cells in cells@v1."),
    )
    schema = forms.ModelChoiceField(label=gettext_lazy("Schema"), queryset=Schema.objects.none(), to_field_name="name")
    train = forms.FloatField(label=gettext_lazy("train"), min_value=0, initial=80)
    val = forms.FloatField(label=gettext_lazy("val"), min_value=0, initial=10)
    test = forms.FloatField(label=gettext_lazy("test"), min_value=0, initial=10)
    every = forms.BooleanField(label=gettext_lazy("Add all items of the project"), required=False, initial=True)

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schema = self.fields["schema"]
        assert isinstance(schema, forms.ModelChoiceField)
        schema.queryset = Schema.objects.filter(project=project).order_by("name")
        first = schema.queryset.first()
        schema.initial = first.name if first else None


@dataclass(frozen=True)
class DatasetRow:
    """A line of the list."""

    dataset: Dataset
    items: int
    latest: Version | None
    splits: presentation.Bar | None
    classes: presentation.Bar | None


def datasets(request: HttpRequest, project: str) -> HttpResponse:
    """The project's datasets; makes a new one."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    may_edit = permits(Caller(user), member.role, "dataset.edit")
    form = NewDataset(member.project, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        project_for(Caller(user), project, "dataset.edit")
        if form.is_valid():
            try:
                return redirect("datasets:dataset", project, _make(request, member.project, form.cleaned_data).name)
            except LodeError as error:
                form.add_error("name", error.message)
    rows = list(Dataset.objects.filter(project=member.project, trashed_at=None).select_related("schema"))
    held = dict(DatasetItem.objects.filter(dataset__in=rows).values_list("dataset").annotate(n=Count("pk")))
    newest = Version.objects.published().filter(dataset__in=rows).values("dataset").annotate(key=Max("pk"))
    latest = {
        version.dataset_id: version
        for version in Version.objects.filter(pk__in=newest.values("key"))
        .select_related("schema_revision", "dataset", "yank")
        .defer("frozen")
    }
    context = {
        "project": member.project,
        "room": "datasets",
        "rows": [_row(dataset, held.get(dataset.pk, 0), latest.get(dataset.pk)) for dataset in rows],
        "form": form,
        "may_edit": may_edit,
        "has_schema": Schema.objects.filter(project=member.project).exists(),
        "open_form": bool(form.errors) or request.GET.get("new") == "1",
    }
    return render(request, "datasets/datasets.html", context, status=400 if form.errors else 200)


def _row(dataset: Dataset, items: int, latest: Version | None) -> DatasetRow:
    splits = presentation.split_bar(latest.counts["splits"]) if latest else None
    return DatasetRow(dataset, items, latest, splits, presentation.class_bar(latest) if latest else None)


def _make(request: HttpRequest, project: Project, given: dict[str, Any]) -> Dataset:
    user = signed_in(request)
    shares = {split: given[split] for split in ("train", "val", "test") if given[split]}
    dataset = selection.create_dataset(project, user, name=given["name"], schema=given["schema"], split_policy=shares)
    if given["every"]:
        did = adding.add_by_filter(dataset, Caller(user), {})
        if did.job is None:
            facts = {"name": dataset.name, "n": f"{did.done.added:,}"}
            toast(request, _("Created %(name)s with %(n)s items.") % facts)
    else:
        toast(request, _("Made %(name)s.") % {"name": dataset.name})
    return dataset
