"""Label Studio's own clients, the new one and the old, against a live server: the calls that public scripts make."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import LazySettings
from label_studio_sdk import Client as OldClient
from label_studio_sdk import LabelStudio
from label_studio_sdk._extensions.label_studio_tools.core.utils.io import get_local_path
from label_studio_sdk.converter.converter import Converter
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.data_manager import Column, Operator, Type
from label_studio_sdk.data_manager import Filters as SdkFilters
from tests.conftest import png

from lode_annotation.models import Annotation, LabelSet, Queue
from lode_platform.models import Item, Membership, Project, Role, User
from lode_platform.tokens import make_token
from motherlode.client import Client as OurClient
from motherlode.importing.out import move_out

pytestmark = pytest.mark.django_db(transaction=True)
Filters: Any = SdkFilters
FieldOf: Any = Column
local_path: Any = get_local_path

CONFIG = """<View>
  <Image name="image" value="$img"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <Choices name="quality" toName="image"><Choice value="sharp"/><Choice value="blurred"/></Choices>
</View>"""
VALUE = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 25.0, "rotation": 0, "rectanglelabels": ["RBC"]}
BOX = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": VALUE}
SHARP = {"from_name": "quality", "to_name": "image", "type": "choices", "value": {"choices": ["sharp"]}}


@pytest.fixture
def url(live_server: Any, settings: LazySettings) -> str:
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)


@pytest.fixture
def key(erin: User, project: Project) -> str:
    return make_token(erin, project=project)[1]


@pytest.fixture
def ls(url: str, key: str) -> Any:
    return LabelStudio(base_url=f"{url}/ls", api_key=key)  # type: ignore[no-untyped-call]


@pytest.fixture
def items(project: Project, make_items: Callable[..., list[Item]]) -> list[Item]:
    return make_items(project, 3)


def test_a_script_creates_imports_annotates_lists_and_exports(
    ls: Any, url: str, key: str, erin: User, project: Project, items: list[Item], tmp_path: Path
) -> None:
    me = ls.users.whoami()
    assert (me.username, ls.versions.get().edition) == ("erin", "Community")
    made = ls.projects.create(title="Cells", label_config=CONFIG, description="all of them", maximum_annotations=1)
    assert ls.projects.get(id=made.id).label_config == CONFIG
    assert ls.projects.get(id=made.id).get_label_interface().get_control("label") is not None
    assert [one.id for one in ls.projects.list()] == [made.id]
    queue = Queue.objects.get()
    assert (queue.name, queue.reason, queue.project) == ("Cells", "all of them", project)

    prediction = {"model_version": "v1", "score": 0.9, "result": [BOX]}
    tasks: list[dict[str, Any]] = [{"data": {"img": item.path, "row": n}} for n, item in enumerate(items)]
    tasks[0] |= {"predictions": [prediction], "annotations": [{"result": [{**BOX, "id": "a"}], "completed_by": me.id}]}
    sent = ls.projects.import_tasks(id=made.id, request=tasks, return_task_ids=True)
    assert (sent.task_count, sent.annotation_count, sent.prediction_count) == (3, 1, 1)
    first, second, third = sent.task_ids
    assert sorted(sent.task_ids) == sent.task_ids

    listed = list(ls.tasks.list(project=made.id, page_size=2))
    assert [task.id for task in listed] == sent.task_ids
    assert [task.data["row"] for task in listed] == [0, 1, 2]
    assert [(task.is_labeled, task.total_annotations, task.total_predictions) for task in listed] == [
        (True, 1, 1),
        (False, 0, 0),
        (False, 0, 0),
    ]
    assert listed[0].annotations[0]["completed_by"] == me.id and listed[0].predictions[0].model_version == "v1"
    local = local_path(listed[0].data["img"], hostname=f"{url}/ls", access_token=key, cache_dir=str(tmp_path))
    assert Path(local).read_bytes() == png(64, 48, 0)

    answer = ls.annotations.create(id=second, result=[{**BOX, "id": "b"}, {**SHARP, "id": "c"}], lead_time=4.5)
    assert (answer.completed_by, answer.task, answer.lead_time) == (me.id, second, 4.5)
    assert [one.id for one in ls.annotations.list(id=second)] == [answer.id]
    moved = {**BOX, "id": "b", "value": {**VALUE, "x": 40.0}}
    changed = ls.annotations.update(id=answer.id, result=[moved, {**SHARP, "id": "c"}])
    assert changed.id == answer.id and ls.annotations.get(id=answer.id).result[0]["value"]["x"] == 40.0
    assert LabelSet.objects.current().count() == 2

    said = ls.predictions.create(task=third, result=[BOX], score=0.5, model_version="v2")
    assert ls.predictions.get(id=said.id).model_version == "v2"
    assert [one.id for one in ls.predictions.list(task=third)] == [said.id]
    assert ls.tasks.get(id=third).predictions[0].id == said.id
    renamed = ls.tasks.update(id=third, data={**ls.tasks.get(id=third).data, "row": 7}, meta={"seen": True})
    assert (renamed.data["row"], renamed.meta) == (7, {"seen": True})

    exported = ls.projects.exports.as_json(made.id)
    _equal_to_our_own(exported, url, key, project, tmp_path)
    labelled = httpx.get(
        f"{url}/ls/api/projects/{made.id}/export?exportType=JSON", headers={"Authorization": f"Token {key}"}
    ).json()
    assert [task["id"] for task in labelled] == [first, second]
    assert _min_of(ls, made.id) == _min_by_the_converter(labelled, tmp_path)

    ls.annotations.delete(id=answer.id)
    assert ls.annotations.list(id=second) == [] and not ls.tasks.get(id=second).is_labeled
    assert LabelSet.objects.current().count() == 1 and Annotation.objects.count() == 2
    ls.tasks.delete(id=third)
    assert [task.id for task in ls.tasks.list(project=made.id)] == [first, second]
    assert ls.projects.update(id=made.id, title="Cells 2").title == "Cells 2"
    ls.projects.delete(id=made.id)
    assert list(ls.projects.list()) == [] and Queue.objects.get().state == "closed"


def _equal_to_our_own(exported: list[Any], url: str, key: str, project: Project, tmp_path: Path) -> None:
    """What `lode convert queue:Cells --to label-studio` writes; numbers, people's numbers and addresses apart."""
    with OurClient(url, key, project=project.name) as client:
        move_out(client, "Cells", tmp_path / "own")
    own = json.loads((tmp_path / "own" / "tasks.json").read_text())
    assert len(own) == len(exported) == 3
    for ours, theirs in zip(own, exported, strict=True):
        assert ours["meta"] == theirs["meta"] and ours["drafts"] == theirs["drafts"] == []
        assert {**ours["data"], "img": 0, "image": 0} == {**theirs["data"], "img": 0, "image": 0}
        for mine, other in zip(ours["annotations"], theirs["annotations"], strict=True):
            assert mine["completed_by"]["email"] == other["created_username"].partition(",")[0]
            assert {**mine, "completed_by": 0}.items() <= {**other, "completed_by": 0}.items()
        for mine, other in zip(ours["predictions"], theirs["predictions"], strict=True):
            assert mine.items() <= other.items()


def _min_of(ls: Any, project: int) -> Any:
    parts = ls.projects.exports.download_sync(project, export_type="JSON_MIN", download_all_tasks=True)
    return json.loads(b"".join(parts))


def _min_by_the_converter(exported: list[Any], tmp_path: Path) -> Any:
    (tmp_path / "in.json").write_text(json.dumps(exported))
    converter: Any = Converter(CONFIG, None, download_resources=False)  # type: ignore[no-untyped-call]
    converter.convert_to_json_min(str(tmp_path / "in.json"), str(tmp_path / "min"), is_dir=False)
    return json.loads((tmp_path / "min" / "result.json").read_text())


def test_the_old_client_does_the_same(url: str, key: str, items: list[Item], tmp_path: Path) -> None:
    client: Any = OldClient(url=f"{url}/ls", api_key=key)
    assert client.check_connection() == {"status": "UP"}
    made = client.start_project(title="Old", label_config=CONFIG)
    project = client.get_project(made.id)
    assert list(project.parsed_label_config) == ["label", "quality"]
    assert [one.id for one in client.list_projects()] == [made.id]
    ids = project.import_tasks([{"img": item.path} for item in items])
    assert project.get_tasks_ids() == ids
    project.create_annotation(ids[0], result=[BOX, SHARP])
    project.create_prediction(ids[1], result=[BOX], score=0.25, model_version="old")
    project.create_predictions([{"task": ids[2], "result": [BOX]}])
    assert project.get_labeled_tasks_ids() == ids[:1] and project.get_unlabeled_tasks_ids() == ids[1:]
    wanted = Filters.create(
        Filters.AND,
        [
            Filters.item(Column.total_annotations, Operator.GREATER_OR_EQUAL, Type.Number, Filters.value(1)),
            Filters.item(FieldOf.data("img"), Operator.CONTAINS, Type.String, Filters.value(items[0].path)),
        ],
    )
    assert project.get_tasks(filters=wanted, only_ids=True) == ids[:1]
    (tmp_path / "more.json").write_text(json.dumps([{"data": {"img": items[0].path}}]))
    assert project.import_tasks(str(tmp_path / "more.json")) == ids[:1]  # the item is a task already
    assert len(project.export_tasks(export_type="JSON", download_all_tasks=True)) == 3
    assert len(project.export_tasks(export_type="JSON_MIN")) == 1
    assert project.get_task(ids[0])["annotations"][0]["result"][0]["value"] == VALUE
    project.set_params(title="Renamed", label_config=CONFIG.replace("blurred", "dark"))
    assert "dark" in client.get_project(made.id).label_config


def test_files_and_texts_come_in(ls: Any, url: str, key: str, erin: User) -> None:
    made = ls.projects.create(title="Pictures", label_config=CONFIG)
    program = httpx.Client(base_url=f"{url}/ls", headers={"Authorization": f"Token {key}"})
    files = [("file", (name, png(64, 48, n), "image/png")) for n, name in enumerate(["tray 01.png", "Gerät.png"])]
    sent = program.post(f"/api/projects/{made.id}/import?return_task_ids=1", files=files)
    assert sent.status_code == 201, sent.text
    tasks = [ls.tasks.get(id=one) for one in sent.json()["task_ids"]]
    for n, task in enumerate(tasks):
        assert program.get(task.data["img"]).content == png(64, 48, n)
    assert program.get("/data/local-files/", params={"d": Item.objects.earliest("pk").path}).content == png(64, 48, 0)

    config = (
        '<View><Text name="t" value="$review"/><Choices name="c" toName="t"><Choice value="good"/></Choices></View>'
    )
    texts = ls.projects.create(title="Reviews", label_config=config)
    rows = [{"review": "Fine, really.", "row": 1}, {"review": "Fine, really.", "row": 2}]
    ids = ls.projects.import_tasks(id=texts.id, request=rows, return_task_ids=True).task_ids
    assert len(set(ids)) == 2
    table = io.BytesIO(b"review,row\nNot at all,3\nFine,4\n")
    more = program.post(f"/api/projects/{texts.id}/import", files={"file": ("more.csv", table, "text/csv")})
    assert more.json()["task_count"] == 2
    listed = list(ls.tasks.list(project=texts.id))
    assert [(task.data["review"], str(task.data["row"])) for task in listed] == [
        *(("Fine, really.", "1"), ("Fine, really.", "2")),
        *(("Not at all", "3"), ("Fine", "4")),
    ]
    ls.annotations.create(
        id=ids[0], result=[{"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["good"]}}]
    )
    assert _min_of(ls, texts.id)[0]["c"] == "good"

    config = '<View><List name="l" value="$hits"/><Ranker name="r" toName="l"/></View>'
    lists = ls.projects.create(title="Hits", label_config=config)
    hits = [{"id": "a", "title": "A", "body": ""}, {"id": "b", "title": "", "body": "more"}]
    [one] = ls.projects.import_tasks(id=lists.id, request=[{"hits": hits}], return_task_ids=True).task_ids
    ranked = {"from_name": "r", "to_name": "l", "type": "ranker", "value": {"ranker": {"rank": ["b", "a"]}}}
    ls.annotations.create(id=one, result=[ranked])
    assert ls.tasks.get(id=one).data == {"hits": hits}
    with pytest.raises(ApiError, match="data.hits.*is not a list of objects"):
        ls.projects.import_tasks(id=lists.id, request=[{"hits": "a, b"}])


def test_a_base_address_names_the_project_where_a_person_has_several(
    ls: Any, url: str, erin: User, project: Project, alice: User
) -> None:
    other = Project.objects.create(name="cells", created_by=alice)
    Membership.objects.create(project=other, user=erin, role=Role.ENGINEER)
    key = make_token(erin)[1]
    free: Any = LabelStudio(base_url=f"{url}/ls", api_key=key)  # type: ignore[no-untyped-call]
    with pytest.raises(ApiError, match="several projects \\(blood, cells\\).*/ls/blood"):
        free.projects.create(title="A", label_config=CONFIG)
    named: Any = LabelStudio(base_url=f"{url}/ls/cells", api_key=key)  # type: ignore[no-untyped-call]
    made = named.projects.create(title="A", label_config=CONFIG)
    assert Queue.objects.get().project == other and [one.id for one in named.projects.list()] == [made.id]
    assert [one.id for one in free.projects.list()] == [made.id]
    blood: Any = LabelStudio(base_url=f"{url}/ls/blood", api_key=key)  # type: ignore[no-untyped-call]
    assert list(blood.projects.list()) == []
    for client in (blood, ls):
        with pytest.raises(ApiError) as refused:
            client.projects.get(id=made.id)
        assert refused.value.status_code == 404


def test_what_is_not_offered_is_refused_by_its_name(ls: Any) -> None:
    with pytest.raises(ApiError) as refused:
        ls.webhooks.create(url="https://example.org")
    assert refused.value.status_code == 501
    assert "POST /api/webhooks of Label Studio is not offered here: ask" in refused.value.body["detail"]
    with pytest.raises(ApiError, match="'state' is not offered here"):
        list(ls.projects.list(state="open"))
