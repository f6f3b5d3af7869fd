"""REST: datasets, their selection, and the versions published from them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import Max, Q
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.models import Schema
from lode_annotation.schemas import latest
from lode_datasets import adding, aliases, carried, compare, diff, publish, selection, splits, verify, versions
from lode_datasets.api import shapes
from lode_datasets.models import Dataset, Version
from lode_platform import access, shell
from lode_platform.addresses import same_with
from lode_platform.among import among
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Item, Project
from lode_platform.signed_in import caller, person
from motherlode import manifest

WHICH = OpenApiParameter("which", str, OpenApiParameter.PATH, description="3, v3, latest or an alias")
MAX_CHANGES = 200
WHICH_ITEMS = "Say which items: a list, or a filter ({} is every item)."


def found_dataset(request: Request, project: str, name: str, verb: str) -> Dataset:
    """The live dataset, if the person may do ``verb`` in its project; what may not be seen is not there."""
    home = access.project_for(caller(request), project, verb)
    found = Dataset.objects.filter(project=home, name=name, trashed_at=None).select_related("schema").first()
    if found is None:
        raise NotFound(f"The project {project!r} has no dataset {name!r}.", code="no_dataset")
    found.project = home
    return found


def found_version(request: Request, project: str, name: str, which: str, verb: str = "project.view") -> Version:
    """The published version that a name means."""
    return versions.named(found_dataset(request, project, name, verb), which)


def _latest(datasets: Iterable[Dataset]) -> dict[int, int]:
    """The number of the version that ``latest`` means, by the dataset's key."""
    published = Version.objects.published().filter(yank=None, dataset__in=[dataset.pk for dataset in datasets])
    return dict(published.values_list("dataset").annotate(newest=Max("number")))


class Datasets(View):
    @extend_schema(operation_id="datasets", parameters=PARAMETERS, responses=page_of(shapes.DatasetShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's datasets, newest first."""
        home = access.project_for(caller(request), project, "project.view")
        rows = Dataset.objects.filter(project=home, trashed_at=None).select_related("schema", "project")
        newest = _latest(rows)
        return Response(paged(request, rows, lambda row: shapes.dataset_json(row, newest.get(row.pk))))

    @extend_schema(operation_id="dataset_create", request=shapes.NewDatasetShape, responses={201: shapes.DatasetShape})
    def post(self, request: Request, project: str) -> Response:
        """A new dataset under one of the project's schemas."""
        home = access.project_for(caller(request), project, "dataset.edit")
        given = read(shapes.NewDatasetShape, request.data)
        schema = _schema(home, given.pop("schema"))
        made = selection.create_dataset(home, person(request), schema=schema, **given)
        return Response(shapes.dataset_json(made, None), status=201)


def _schema(project: Project, name: str) -> Schema:
    same = Q(name=name)
    with suppress(ValueError):
        same |= Q(uuid=UUID(name))
    found = Schema.objects.filter(same, project=project).first()
    if found is None:
        raise BadInput(f"The project has no schema {name!r}.", code="no_schema", field="schema")
    return found


class DatasetByUuid(View):
    @extend_schema(operation_id="dataset_by_uuid", responses=shapes.DatasetShape)
    def get(self, request: Request, uuid: UUID) -> Response:
        """A dataset by its uuid."""
        seen = Dataset.objects.visible_to(caller(request)).filter(uuid=uuid)
        found = seen.select_related("schema", "project").first()
        if found is None:
            raise NotFound("There is no such dataset.")
        access.require(caller(request), found.project, "project.view")
        return Response(shapes.dataset_json(found, _latest([found]).get(found.pk)))


class OneDataset(View):
    @extend_schema(operation_id="dataset", responses=shapes.DatasetShape)
    def get(self, request: Request, project: str, name: str) -> Response:
        """A dataset."""
        found = found_dataset(request, project, name, "project.view")
        return Response(shapes.dataset_json(found, _latest([found]).get(found.pk)))

    @extend_schema(operation_id="dataset_change", request=shapes.DatasetChangeShape, responses=shapes.DatasetShape)
    def patch(self, request: Request, project: str, name: str) -> Response:
        """Changes the title, the description, the split policy of items added later, or the metadata of versions."""
        found = found_dataset(request, project, name, "dataset.edit")
        given = read(shapes.DatasetChangeShape, request.data)
        if "split_policy" in given:
            given["split_policy"] = splits.Policy.parse(
                given["split_policy"], salt=selection.policy_of(found).salt
            ).as_json()
        if "metadata" in given:
            given["metadata_kinds"] = carried.fields_of(found, given.pop("metadata"))
        for key, value in given.items():
            setattr(found, key, value)
        if given:
            found.save(update_fields=list(given))
        return Response(shapes.dataset_json(found, _latest([found]).get(found.pk)))

    @extend_schema(operation_id="dataset_trash", responses={204: None})
    def delete(self, request: Request, project: str, name: str) -> Response:
        """Puts the dataset into the trash; 409 (needed) says which pins, aliases and runs would break."""
        aliases.trash_dataset(found_dataset(request, project, name, "dataset.edit"), person(request))
        return Response(status=204)


class Selection(View):
    @extend_schema(operation_id="dataset_items_add", request=shapes.SelectionShape, responses=shapes.AddedShape)
    def post(self, request: Request, project: str, name: str) -> Response:
        """Puts items in: those named, or all that a filter finds (more than 5,000 by `job`). Each keeps its split."""
        found = found_dataset(request, project, name, "dataset.edit")
        given = read(shapes.SelectionShape, request.data)
        try:
            told = {UUID(key): split for key, split in given["splits"].items()}
        except ValueError:
            raise BadInput("splits is keyed by item uuid.", field="splits") from None
        if "items" in given:
            did = adding.Adding(selection.add_items(found, _items(request, found, given), splits=told))
        elif "filter" in given:
            did = adding.add_by_filter(found, caller(request), given["filter"], splits=told)
        else:
            raise BadInput(WHICH_ITEMS, field="items")
        return Response({**did.done.as_json(), "job": job_json(did.job) if did.job else None})

    @extend_schema(
        operation_id="dataset_items_remove", request=shapes.SelectionShape, responses={200: shapes.RemovedShape}
    )
    def delete(self, request: Request, project: str, name: str) -> Response:
        """Takes items out: the next version is without them, those published keep them."""
        found = found_dataset(request, project, name, "dataset.edit")
        given = read(shapes.SelectionShape, request.data)
        removed = selection.remove_items(found, person(request), _items(request, found, given))
        return Response({"removed": removed})


class Compare(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(operation_id="dataset_compare", request=shapes.CompareShape, responses=shapes.ComparedShape)
    def post(self, request: Request, project: str, name: str) -> Response:
        """Which of these files an import would change or report anything of; the others need not be sent."""
        found = found_dataset(request, project, name, "items.add")
        given = read(shapes.CompareShape, request.data)
        answer = {"different": compare.different(found, given["files"]), "revision": latest(found.schema).number}
        return Response(answer)


def _items(request: Request, dataset: Dataset, given: dict[str, Any]) -> Iterable[selection.Chosen]:
    """The live items that the body names. Raises ``NotFound`` naming one that the project has not."""
    rows = Item.objects.live().filter(project=dataset.project)
    if "items" in given:
        wanted = set(given["items"])
        named = selection.chosen(rows.filter(among("uuid", wanted)).order_by("pk"))
        if missing := wanted - {item.uuid for item in named}:
            raise NotFound(f"The project has no item {next(iter(missing))}; {len(missing)} are missing.")
        return named
    if "filter" not in given:
        raise BadInput(WHICH_ITEMS, field="items")
    chosen = dict(given["filter"])
    if text := chosen.pop("search", ""):
        rows = rows.filter(path__icontains=str(text))
    for known in shell.item_filters():
        if choice := chosen.pop(known.name, ""):
            rows = known.apply(rows, str(choice), dataset.project)
    if chosen:
        raise BadInput(f"There is no filter {next(iter(chosen))!r}.", code="bad_filter", field="filter")
    return selection.walk(rows)


class Publish(View):
    @extend_schema(
        operation_id="publish",
        request=shapes.PublishShape,
        responses={200: shapes.PublishedShape, 202: shapes.PublishedShape},
    )
    def post(self, request: Request, project: str, name: str) -> Response:
        """Publishes what the dataset holds at this moment: 202 with the job, or 200 with the version there is."""
        found = found_dataset(request, project, name, "dataset.publish")
        given = read(shapes.PublishShape, request.data)
        version, job = publish.publish(found, person(request), **given)
        version.dataset = found
        repeated = given["operation_id"] is not None and version.operation_id == given["operation_id"]
        answer = {
            "version": shapes.version_json(version),
            "job": job_json(job) if job else None,
            "unchanged": job is None and not repeated,
        }
        return Response(answer, status=202 if job else 200)


class Versions(View):
    @extend_schema(operation_id="versions", parameters=PARAMETERS, responses=page_of(shapes.VersionShape))
    def get(self, request: Request, project: str, name: str) -> Response:
        """The published versions, newest first."""
        found = found_dataset(request, project, name, "project.view")
        rows = (
            found.versions.published()
            .select_related("dataset__project", "schema_revision", "yank__yanked_by")
            .defer("frozen")
        )
        return Response(paged(request, rows, shapes.version_json))


class OneVersion(View):
    @extend_schema(operation_id="version", parameters=[WHICH], responses=shapes.VersionShape)
    def get(self, request: Request, project: str, name: str, which: str) -> Response:
        """A published version."""
        return Response(shapes.version_json(found_version(request, project, name, which)))


class Manifest(View):
    @extend_schema(
        operation_id="version_manifest", parameters=[WHICH], responses={(200, "application/x-ndjson"): OpenApiTypes.STR}
    )
    def get(self, request: Request, project: str, name: str, which: str) -> HttpResponseBase:
        """The index: a canonical JSON line for each file that is not an item; its sha-256 is the version's index.

        Of a version of format 0 the manifest: a line for each file, whose sha-256 is the digest.
        """
        found = found_version(request, project, name, which, "dataset.pull")
        rows = versions.file_rows(found) if found.format else versions.manifest_rows(found)
        return _lines(manifest.manifest_pieces(rows), found)


class Entries(View):
    @extend_schema(
        operation_id="version_entries",
        parameters=[WHICH, OpenApiParameter("split", str)],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request, project: str, name: str, which: str) -> HttpResponseBase:
        """A JSON line an item: item, path, md5, sha256, size, split, width, height, and what is said of it: answers,
        regions and relations as in a label line of the published form (null: unlabelled), metadata where it is carried
        and the item has any."""
        found = found_version(request, project, name, which, "dataset.pull")
        return _lines(_entry_lines(found, request.query_params.get("split")), found)


def _entry_lines(version: Version, split: str | None) -> Iterator[bytes]:
    for entry in versions.entries(version, split).iterator(chunk_size=1000):
        row = {
            "item": str(entry.item.uuid),
            "path": entry.path,
            "md5": entry.blob.md5,
            "sha256": entry.blob.sha256,
            "size": entry.blob.size,
            "split": entry.split,
            "width": entry.item.width,
            "height": entry.item.height,
            "answers": entry.label_set.answers if entry.label_set else None,
            "regions": entry.label_set.regions if entry.label_set else None,
            "relations": entry.label_set.relations if entry.label_set else None,
            **({"metadata": json.loads(entry.metadata)} if entry.metadata else {}),
        }
        yield (json.dumps(row, ensure_ascii=False) + "\n").encode()


def _lines(pieces: Iterator[bytes], version: Version) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type="application/x-ndjson; charset=utf-8")
    response["X-Digest"] = version.digest
    response["Cache-Control"] = "private, no-cache"
    return response


class Diff(View):
    @extend_schema(
        operation_id="diff",
        parameters=[
            OpenApiParameter("kind", str, description="added, removed, labelled, relabelled, moved, ..."),
            OpenApiParameter("split", str),
            OpenApiParameter("limit", int),
            OpenApiParameter("offset", int),
        ],
        responses=shapes.DiffShape,
    )
    def get(self, request: Request, project: str, name: str, a: int, b: int) -> Response:
        """What differs from version a to version b: in numbers, and a page of the items by path."""
        found = found_dataset(request, project, name, "project.view")
        old, new = versions.named(found, str(a)), versions.named(found, str(b))
        query = request.query_params
        offset, limit = whole(query.get("offset", "0")), whole(query.get("limit", "100"))
        limit = min(max(limit, 1), MAX_CHANGES)
        wanted = diff.Filter(kind=query.get("kind", ""), split=query.get("split", ""))
        taken = diff.filtered(old, new, wanted)
        following = None
        if len(taken) > offset + limit:
            following = same_with(request._request, offset=str(offset + limit))
        page = diff.changes(taken[offset : offset + limit])
        class_names = {**old.schema_revision.class_names, **new.schema_revision.class_names}
        return Response(
            {
                "old": old.number,
                "new": new.number,
                **shapes.summary_json(diff.summary(old, new), class_names),
                "results": [shapes.change_json(change) for change in page],
                "next": following,
            }
        )


def whole(text: str) -> int:
    """A whole number of the address. Raises ``BadInput``."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput(f"{text!r} is not a whole number.", code="bad_number")
    return int(text)


class Verify(View):
    @extend_schema(operation_id="version_verify", parameters=[WHICH], request=None, responses={202: JobShape})
    def post(self, request: Request, project: str, name: str, which: str) -> Response:
        """Reads and hashes the version's bytes in the store again; the job's result names what has changed."""
        found = found_version(request, project, name, which, "dataset.pull")
        return Response(job_json(verify.verify(found, person(request))), status=202)
