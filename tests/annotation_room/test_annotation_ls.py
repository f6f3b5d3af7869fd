"""The addresses of Label Studio's clients: what they refuse and how, filters, numbers, and what a page costs."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import png

from lode_annotation.ls import numbers
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, LabelStudioProject, Queue, Schema, Task
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Event, Item, Membership, Project, Role, User
from lode_platform.store import store
from lode_platform.tokens import make_token
from motherlode.labeling_config import build

pytestmark = pytest.mark.django_db
CONFIG = build(["RBC", "WBC"], "boxes")
PLACE = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 25.0, "rotation": 0, "rectanglelabels": ["RBC"]}
BOX = {"id": "a", "from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": PLACE}


class Program:
    """A program below ``/ls/`` with a person's token."""

    def __init__(self, user: User, scheme: str = "Token", **token: Any) -> None:
        text = make_token(user, **token)[1]
        self.client = Client(headers={"authorization": f"{scheme} {text}"})

    def ask(self, method: str, call: str, body: Any = None) -> Any:
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(self.client, method)(f"/ls/api/{call}", **sent)

    def get(self, call: str) -> Any:
        return self.ask("get", call)

    def post(self, call: str, body: Any) -> Any:
        return self.ask("post", call, body)


@pytest.fixture
def program(erin: User) -> Program:
    return Program(erin)


@pytest.fixture
def door(make_queue: Callable[..., Queue]) -> LabelStudioProject:
    """A queue of three tasks that nobody has answered."""
    return make_queue(3, name="moved").label_studio


def task_number(door: LabelStudioProject, place: int) -> int:
    return numbers.task_number(door.pk, place)


def ids_of(program: Program, door: LabelStudioProject, *items: dict[str, Any], **query: Any) -> Any:
    """The places of the tasks that fit filters, or the refusal."""
    filters = {"conjunction": query.pop("conjunction", "and"), "items": items}
    asked = quote(json.dumps({"filters": filters, **query}))
    answer = program.get(f"tasks/?project={door.pk}&fields=all&query={asked}")
    if answer.status_code != 200:
        return answer.status_code, answer.json()["error"]
    return [task["inner_id"] for task in answer.json()["tasks"]]


def column(name: str, operator: str, value: Any, kind: str = "Number") -> dict[str, Any]:
    return {"filter": f"filter:tasks:{name}", "operator": operator, "type": kind, "value": value}


# -- who may what -----------------------------------------------------------------------------------------------------


def test_either_scheme_opens_and_a_wrong_token_does_not(erin: User, door: LabelStudioProject) -> None:
    for scheme in ("Token", "token", "Bearer"):
        assert Program(erin, scheme).get("current-user/whoami").json()["username"] == "erin"
    assert Client(headers={"authorization": "Token nobody"}).get("/ls/api/projects/").status_code == 401
    assert Client().get("/ls/api/projects").status_code == 401
    logged_in = Client()
    logged_in.force_login(erin)
    assert logged_in.get("/ls/api/projects").status_code == 401  # a page's session is no token


def test_what_is_of_another_project_is_not_there(
    program: Program, charlie: User, door: LabelStudioProject, bob: User
) -> None:
    given = Program(bob).post(f"tasks/{task_number(door, 1)}/annotations/", {"result": [BOX]}).json()
    assert Program(charlie).get("projects").json()["results"] == []
    task = task_number(door, 1)
    for call in (
        f"projects/{door.pk}",
        f"projects/{door.pk}/export",
        f"tasks?project={door.pk}",
        f"tasks/{task}",
        f"tasks/{task}/annotations",
        f"annotations/{given['id']}",
        f"predictions?task={task}",
        f"predictions/{numbers.prediction_number(task, 0)}",
    ):
        answer = Program(charlie).get(call)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), call
    assert Program(charlie).client.get(f"/ls/data/upload/{door.pk}/item-00000.png").status_code == 404
    other = Project.objects.create(name="other", created_by=charlie)
    Membership.objects.create(project=other, user=program_user(program), role=Role.OWNER)
    limited = Program(program_user(program), project=other)
    assert limited.get(f"projects/{door.pk}").status_code == 404
    assert limited.get("projects/?page=1").json()["count"] == 0


def program_user(program: Program) -> User:
    return User.objects.get(username=program.get("current-user/whoami").json()["username"])


def test_a_viewer_creates_nothing_and_an_annotator_sees_their_own_answers_alone(
    door: LabelStudioProject, victor: User, bob: User, erin: User, rita: User
) -> None:
    refused = Program(victor).post("projects/", {"title": "A", "label_config": CONFIG})
    assert refused.status_code == 403 and "role" in refused.json()["detail"]
    task = task_number(door, 1)
    assert Program(victor).post(f"tasks/{task}/annotations/", {"result": []}).status_code == 403
    own = Program(erin).post(f"tasks/{task}/annotations/", {"result": [BOX]}).json()
    assert Program(bob).get(f"tasks/{task}/annotations/").json() == []
    assert Program(bob).get(f"annotations/{own['id']}").status_code == 404
    shown = Program(bob).get(f"tasks/{task}").json()
    assert (shown["annotations"], shown["annotators"], shown["total_annotations"]) == ([], [], 1)
    assert Program(bob).get(f"projects/{door.pk}/export").status_code == 403
    assert Program(rita).ask("patch", f"projects/{door.pk}", {"label_config": build(["A"], "boxes")}).status_code == 403
    assert Queue.objects.get().schema_revision.number == 1


def test_an_answer_is_changed_by_its_author_and_taken_back_by_who_may_import(
    door: LabelStudioProject, bob: User, erin: User, rita: User
) -> None:
    task = task_number(door, 1)
    own = Program(bob).post(f"tasks/{task}/annotations/", {"result": [BOX]}).json()
    refused = Program(erin).ask("patch", f"annotations/{own['id']}", {"result": []})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_answer")
    assert Program(rita).ask("delete", f"annotations/{own['id']}").status_code == 404
    marked = Program(erin).ask("patch", f"annotations/{own['id']}", {"ground_truth": True})
    assert marked.json()["ground_truth"] is True and Annotation.objects.get().revision == 1
    assert Program(bob).ask("patch", f"annotations/{own['id']}", {"ground_truth": False}).status_code == 403
    assert LabelSet.objects.current().exists()
    assert Program(erin).ask("delete", f"annotations/{own['id']}").status_code == 204
    assert Program(erin).ask("delete", f"annotations/{own['id']}").status_code == 204  # a repeat changes nothing
    assert not LabelSet.objects.current().exists() and Task.objects.get(number=1).state == "open"
    assert [row.result != [] for row in AnnotationRevision.objects.order_by("number")] == [True, False]
    assert Event.objects.filter(verb="annotation.withdraw").count() == 1
    again = Program(bob).post(f"tasks/{task}/annotations/", {"result": [BOX]})
    assert (again.status_code, again.json()["id"]) == (201, own["id"]) and Annotation.objects.get().revision == 3


def test_an_answer_on_which_others_stand_is_not_taken_back(
    program: Program, make_queue: Callable[..., Queue], bob: User, erin: User, rita: User, api: Callable[..., Any]
) -> None:
    merged = make_queue(1, overlap=2).label_studio
    task = task_number(merged, 1)
    [given, _] = [Program(who).post(f"tasks/{task}/annotations/", {"result": [BOX]}).json() for who in (bob, erin)]
    refused = program.ask("delete", f"annotations/{given['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "merged")
    reviewed = make_queue(1, review=True).label_studio
    own = Program(bob).post(f"tasks/{task_number(reviewed, 1)}/annotations/", {"result": [BOX]}).json()
    verdict = {"verdict": "accept", "operation_id": str(uuid4()), "base_revision": 1}
    assert api(rita).post(f"annotations/{own['unique_id']}/review", verdict).status_code == 200
    refused = Program(bob).ask("delete", f"annotations/{own['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "under_review")
    assert LabelSet.objects.current().count() == 2


def test_an_answer_of_another_person_comes_in_by_their_number(
    program: Program, door: LabelStudioProject, bob: User
) -> None:
    task = task_number(door, 2)
    body = {"result": [BOX], "completed_by": numbers.uuid_number(bob.uuid), "lead_time": 3}
    made = program.post(f"tasks/{task}/annotations/", body).json()
    assert made["completed_by"] == body["completed_by"] and Annotation.objects.get().user == bob
    unknown = program.post(f"tasks/{task}/annotations/", {**body, "completed_by": 7})
    assert unknown.status_code == 400 and "completed_by: 7 is nobody of this project" in unknown.json()["error"]
    assert Program(bob).post(f"tasks/{task}/annotations/", {**body, "completed_by": 7}).status_code == 403


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["0", "7" * 12, "9" * 400, "9" * 5000])
def test_a_number_that_nothing_has_is_not_there(program: Program, number: str) -> None:
    for call in ("projects/{}", "tasks/{}/", "annotations/{}", "predictions/{}/", "tasks/{}/annotations"):
        assert program.get(call.format(number)).status_code == 404
    assert program.get(f"tasks/?project={number}").status_code in (400, 404)
    assert program.get(f"projects/?ids={number}").status_code in (200, 400)
    assert program.get(f"projects/?page={number}").status_code in (400, 404)
    assert program.client.get(f"/ls/data/upload/{number}/a.png").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "A"}, "label_config"),
        ({"title": "A", "label_config": "<View"}, "label_config"),
        ({"title": "A", "label_config": "<View><Audio name='a' value='$audio'/></View>"}, None),
        ({"title": 7, "label_config": CONFIG}, "title"),
        ({"title": "x" * 500, "label_config": CONFIG}, "title"),
        ({"title": "A", "label_config": CONFIG, "maximum_annotations": 0}, "maximum_annotations"),
        ({"title": "A", "label_config": CONFIG, "maximum_annotations": 10**30}, "maximum_annotations"),
        ({"title": "A", "label_config": CONFIG, "sampling": "Odd"}, "sampling"),
        ({"title": "A", "label_config": CONFIG, "description": ["a"]}, "description"),
        ({"title": "A", "label_config": CONFIG, "colour": "red"}, "colour"),
        ({"title": "A\0", "label_config": CONFIG}, "title"),
        ({"title": "A", "label_config": CONFIG, "control_weights": {"a": "\ud800"}}, "control_weights.a"),
        ([], None),
    ],
)
def test_a_bad_project_is_refused_whole(program: Program, body: Any, field: str | None) -> None:
    answer = program.post("projects/", body)
    assert answer.status_code == 400 and (field is None or answer.json()["field"] == field), answer.json()
    assert not Queue.objects.exists() and not Schema.objects.exists()


def test_a_title_that_is_taken_gets_a_number(program: Program) -> None:
    made = [program.post("projects", {"title": "A", "label_config": CONFIG}).json() for _ in range(3)]
    assert [one["title"] for one in made] == ["A", "A (2)", "A (3)"] and len({one["id"] for one in made}) == 3
    program.ask("patch", f"projects/{made[2]['id']}", {"title": "A (2)"})
    taken = program.ask("patch", f"projects/{made[2]['id']}", {"title": "A (2)"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


BAD_TASKS: list[tuple[Any, str]] = [
    ([], "Send a list of tasks"),
    ("x", "Send a list of tasks"),
    ([7], r"tasks\[0\]: 7 is not an object"),
    ([{"data": {"picture": "a.png"}}], r"tasks\[0\].data.image.*has picture"),
    ([{"image": "nowhere.png"}], r"tasks\[0\].data.image: the project blood has no item 'nowhere.png'"),
    ([{"image": "../etc/passwd"}], r"tasks\[0\].data.image.*not the path"),
    ([{"image": "s3://bucket/a.png"}], "s3: addresses are not read here"),
    ([{"image": "data:image/png;base64,AA"}], "data: addresses are not read here"),
    ([{"image": f"/media/{uuid4()}"}], "has no item"),
    ([{"image": "http://127.0.0.1:9/a.png"}], r"tasks\[0\].data.image: 127.0.0.1 lies at 127.0.0.1"),
    ([{"image": "item-00000.png"}, {"image": "item-00000.png", "row": 2}], r"tasks\[1\].*as tasks\[0\] is"),
    ([{"data": {"image": "item-00000.png"}, "annotations": {}}, {"image": "x"}], r"tasks\[1\].data.image"),
    ([{"data": {"image": "item-00000.png"}, "annotations": 7}], r"tasks\[0\].annotations: it must be a list"),
    ([{"data": {"image": "item-00000.png"}, "annotations": [{"result": 7}]}], r"annotations\[0\]"),
    (
        [{"data": {"image": "item-00000.png"}, "annotations": [{"result": [], "completed_by": 3}]}],
        "3 is nobody of this project",
    ),
    (
        [{"data": {"image": "item-00000.png"}, "annotations": [{"result": [], "created_at": "soon"}]}],
        r"tasks\[0\]: .*soon",
    ),
    (
        [{"data": {"image": "item-00000.png"}, "predictions": [{"result": [{**BOX, "from_name": "odd"}]}]}],
        r"tasks\[0\].predictions\[0\]: region a: The schema has no control 'odd'",
    ),
    ([{"data": {"image": "item-00000.png"}, "predictions": [{"result": [], "score": "high"}]}], "not a number"),
    ([{"data": {"image": "item-00000.png"}, "meta": [1]}], r"tasks\[0\].meta"),
]


@pytest.mark.parametrize(("tasks", "why"), BAD_TASKS, ids=[why[:30] for _, why in BAD_TASKS])
def test_bad_tasks_are_refused_whole_by_their_place(
    program: Program, project: Project, make_items: Callable[..., list[Item]], tasks: Any, why: str
) -> None:
    make_items(project, 1)
    made = program.post("projects", {"title": "A", "label_config": CONFIG}).json()["id"]
    answer = program.post(f"projects/{made}/import", tasks)
    assert answer.status_code == 400
    assert re.search(why, answer.json()["error"]), answer.json()["error"]
    assert not Task.objects.exists() and not Annotation.objects.exists() and Item.objects.count() == 1


def test_bad_files_are_refused_whole(program: Program) -> None:
    made = program.post("projects", {"title": "A", "label_config": CONFIG}).json()["id"]
    address = f"/ls/api/projects/{made}/import"

    def sent(*files: tuple[str, bytes]) -> Any:
        return program.client.post(address, {"file": [SimpleUploadedFile(name, data) for name, data in files]})

    for file, why in (
        (("a.json", b"{"), "a.json cannot be read"),
        (("a.json", b"[1]"), "1 is not an object"),
        (("a.csv", b"\xff\xfe"), "a.csv cannot be read"),
        (("a.zip", b"PK"), "unpack it"),
        (("page.html", b"<html><script>alert(1)</script>"), "page.html"),
        (("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "a.svg"),
    ):
        answer = sent(("fine.png", png()), file)
        assert answer.status_code == 400 and why in answer.json()["error"], answer.json()
    assert not Item.objects.exists() and not Task.objects.exists()
    assert program.client.post(address, {"url": "http://example.org/a.json"}).json()["field"] == "file"
    assert program.client.post(address, "<a/>", content_type="text/xml").status_code == 415
    bad = program.client.post(address, "{", content_type="application/json")
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_json")
    assert len(sent(*[(f"{n}.png", png(seed=n)) for n in range(101)]).json()["error"]) and not Item.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "result"),
        ({"result": "x"}, "result"),
        ({"result": [{**BOX, "from_name": "odd"}]}, None),
        ({"result": [7]}, None),
        ({"result": [], "lead_time": -1}, "lead_time"),
        ({"result": [], "lead_time": 10**400}, "lead_time"),
        ({"result": [], "was_cancelled": "yes"}, "was_cancelled"),
        ({"result": [], "odd": 1}, "odd"),
        ({"result": [], "completed_by": True}, None),
        ({"result": [], "completed_by": "\ud800"}, "completed_by"),
    ],
)
def test_a_bad_answer_is_refused_and_names_the_field(
    program: Program, door: LabelStudioProject, body: Any, field: str | None
) -> None:
    answer = program.post(f"tasks/{task_number(door, 1)}/annotations/", body)
    assert answer.status_code == 400 and (field is None or answer.json()["field"] == field), answer.json()
    assert not AnnotationRevision.objects.exists()


def test_a_bad_prediction_or_change_of_a_task_is_refused(program: Program, door: LabelStudioProject) -> None:
    task = task_number(door, 1)
    wrong = program.post("predictions/", {"task": task, "result": [{**BOX, "value": {**PLACE, "x": "left"}}]})
    assert wrong.status_code == 400 and wrong.json()["error"].startswith("region a: ")
    assert program.post("predictions", {"task": "x", "result": []}).json()["field"] == "task"
    several = [{"task": task, "result": [BOX]}, {"task": task, "result": 7}]
    assert program.post(f"projects/{door.pk}/import/predictions", several).json()["error"].startswith("predictions[1]")
    assert Task.objects.get(number=1).origin is None
    for body, field in (
        ({"data": 7}, "data"),
        ({"data": {"image": "other.png"}}, "data.image"),
        ({"is_labeled": True}, "is_labeled"),
        ({"meta": {"a": "\0"}}, "meta.a"),
    ):
        assert program.ask("patch", f"tasks/{task}", body).json()["field"] == field
    Program(program_user(program)).post(f"tasks/{task}/annotations", {"result": []})
    begun = program.ask("delete", f"tasks/{task}")
    assert (begun.status_code, begun.json()["code"]) == (409, "begun") and Task.objects.count() == 3


@pytest.mark.parametrize(
    ("method", "call", "instead"),
    [
        ("post", "webhooks/", "what was updated since"),
        ("post", "storages/s3/", "lode import"),
        ("post", "dm/actions?id=delete_tasks", "one by one"),
        ("get", "dm/views?project=1", "filters"),
        ("post", "ml", "predictor"),
        ("post", "token/refresh/", "no refreshing"),
        ("put", "projects/1/", "docs/label-studio-clients.md"),
        ("post", "projects/1/exports/", "export at once"),
        ("get", "nothing/like/this", "docs/label-studio-clients.md"),
    ],
)
def test_a_call_that_is_not_offered_is_named_with_what_to_use(
    program: Program, method: str, call: str, instead: str
) -> None:
    answer = program.ask(method, call, None if method == "get" else {})
    said = answer.json()
    assert (answer.status_code, said["code"], said["status_code"]) == (501, "not_offered", 501)
    assert said["call"] == f"{method.upper()} /api/{call.partition('?')[0].rstrip('/')}" and instead in said["error"]
    assert Client().get("/ls/api/webhooks/").status_code == 401


def test_another_export_is_refused_by_its_name(program: Program, door: LabelStudioProject) -> None:
    answer = program.get(f"projects/{door.pk}/export?exportType=COCO")
    assert answer.status_code == 501 and "lode convert VERSION DIR --to coco" in answer.json()["error"]
    assert program.get(f"projects/{door.pk}/export?ids=x").status_code == 400


VALUES = st.recursive(
    st.sampled_from(
        [None, True, 0, -1, 0.5, 10**30, 10**400, "", "a", "\0", "\ud800", "item-00000.png", "x" * 300, BOX]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["data", "image", "result", "task", "value", "id", "score"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
FIELDS = ("data", "meta", "result", "score", "model_version", "lead_time", "was_cancelled", "completed_by", "title")
CALLS = ("patch projects/{}", "post projects/{}/import", "post tasks/", "patch tasks/{}", "post tasks/{}/annotations")


@given(
    st.sampled_from([*CALLS, "post projects", "post predictions", "post projects/{}/import/predictions"]),
    st.dictionaries(st.sampled_from([*FIELDS, "image", "label_config", "maximum_annotations"]), VALUES, max_size=4),
    VALUES,
)
def test_whatever_is_sent_is_taken_or_refused_in_words(call: str, body: dict[str, Any], odd: Any) -> None:
    program, door = _world()
    _ = Task.objects.exists() or program.post(f"projects/{door.pk}/import", [{"image": "item-00000.png"}])
    number = door.pk if "projects" in call else task_number(door, 1)
    named = {"project": door.pk, "task": task_number(door, 1)}
    task = {"data": {"image": "item-00000.png", "more": odd}, "annotations": [body], "predictions": [body]}
    for sent in (
        {**named, **body},
        [{**named, **body}],
        {**named, "data": {"image": "item-00000.png", "a": odd}},
        task,
    ):
        method, _, address = call.format(number).partition(" ")
        answer = program.ask(method, address, sent)
        assert answer.status_code < 500 and (answer.status_code < 400 or answer.json()["detail"]), answer.content
    assert program.get(f"tasks/?project={door.pk}&fields=all").status_code == 200
    exported: Any = program.get(f"projects/{door.pk}/export?download_all_tasks=true")
    assert isinstance(json.loads(b"".join(exported.streaming_content)), list)


# -- the list of tasks ------------------------------------------------------------------------------------------------


@pytest.fixture
def listed(program: Program, door: LabelStudioProject, erin: User, bob: User) -> LabelStudioProject:
    """The first task is answered, the second skipped, the third has a prediction; each has data of its own."""
    for place, row in enumerate((5, "7", 30), start=1):
        program.ask("patch", f"tasks/{task_number(door, place)}", {"data": {"row": row, "name": f"Tray {place}"}})
    program.post(f"tasks/{task_number(door, 1)}/annotations/", {"result": [BOX]})
    Program(bob).post(f"tasks/{task_number(door, 2)}/annotations/", {"was_cancelled": True})
    program.post("predictions/", {"task": task_number(door, 3), "result": [BOX]})
    return door


def test_filters_find_what_they_say(program: Program, listed: LabelStudioProject, erin: User) -> None:
    first, third = task_number(listed, 1), task_number(listed, 3)
    past, future = "2020-01-01T00:00:00.000000Z", "2099-01-01T00:00:00Z"
    found: list[tuple[dict[str, Any], list[int]]] = [
        (column("is_labeled", "equal", True, "Boolean"), [1]),
        (column("is_labeled", "equal", "false", "Boolean"), [2, 3]),
        (column("completed_at", "empty", False, "Datetime"), [1]),
        (column("completed_at", "empty", "true", "Datetime"), [2, 3]),
        (column("completed_at", "in", {"min": past, "max": future}, "Datetime"), [1]),
        (column("updated_at", "greater", past, "Datetime"), [1, 2, 3]),
        (column("updated_at", "less", past, "Datetime"), []),
        (column("created_at", "less_or_equal", future, "Datetime"), [1, 2, 3]),
        (column("total_annotations", "equal", 1), [1]),
        (column("total_annotations", "less", 1), [2, 3]),
        (column("cancelled_annotations", "greater", 0), [2]),
        (column("total_predictions", "greater_or_equal", 1), [3]),
        (column("id", "equal", first), [1]),
        (column("id", "greater", first), [2, 3]),
        (column("id", "in", {"min": first, "max": first + 1}), [1, 2]),
        (column("id", "in_list", [first, third, 10**17]), [1, 3]),
        (column("inner_id", "not_equal", 2), [1, 3]),
        (column("annotators", "contains", numbers.uuid_number(erin.uuid), "List"), [1]),
        (column("data.name", "equal", "Tray 2", "String"), [2]),
        (column("data.name", "contains", "tray", "String"), [1, 2, 3]),
        (column("data.name", "not_contains", "y 3", "String"), [1, 2]),
        (column("data.name", "empty", True, "String"), []),
        (column("data.none", "empty", True, "String"), [1, 2, 3]),
        (column("data.image", "contains", "item-", "String"), [1, 2, 3]),
        (column("data.row", "equal", "7", "String"), [2]),
        (column("data.row", "greater", 6), [2, 3]),
        (column("data.name", "greater", 6), []),
    ]
    for item, places in found:
        assert ids_of(program, listed, item) == places, item
    both = (column("is_labeled", "equal", True, "Boolean"), column("total_predictions", "equal", 1))
    assert (ids_of(program, listed, *both), ids_of(program, listed, *both, conjunction="or")) == ([], [1, 3])
    assert ids_of(program, listed, selectedItems={"all": False, "included": [third]}) == [3]
    assert ids_of(program, listed, selectedItems={"all": True, "excluded": [third]}) == [1, 2]
    assert ids_of(program, listed, ordering=["-tasks:id"]) == [3, 2, 1]
    assert ids_of(program, listed, ordering=["tasks:total_annotations"]) == [2, 3, 1]
    assert ids_of(program, listed, ordering=["-tasks:data.name"]) == [3, 2, 1]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (column("odd", "equal", 1), "there is no column 'odd'; there are id"),
        (column("data.", "equal", 1), "there is no column"),
        (column("id", "like", 1), "the operator 'like' is not offered for id"),
        (column("id", "equal", "x"), "'x' for id is not a number"),
        (column("id", "equal", 10**30), "is not a number below"),
        (column("id", "in", {"min": 1}), "None for id is not a number"),
        (column("id", "in_list", 7), "must be a list"),
        (column("updated_at", "less", "soon", "Datetime"), "'soon' for updated_at is not a time"),
        (column("updated_at", "less", "0001-01-01T00:00:00+14:00", "Datetime"), "is not a time"),
        (column("is_labeled", "equal", "maybe", "Boolean"), "neither true nor false"),
        (column("is_labeled", "greater", True, "Boolean"), "is not offered"),
        (column("data.a", "regex", "(a+)+$", "String"), "'regex' is not offered"),
        (column("data.a", "equal", {}, "String"), "is not a text"),
        (column("data.a\0", "equal", "b", "String"), "text that can be stored"),
        (column("annotators", "contains", "bob", "List"), "is not a number"),
        ({"filter": 7}, "must be an object with filter"),
    ],
)
def test_a_bad_filter_is_refused(program: Program, door: LabelStudioProject, item: Any, why: str) -> None:
    status, said = ids_of(program, door, item)
    assert status == 400 and said.startswith("query: ") and why in said


@pytest.mark.parametrize(
    "query", ["{", "[]", '{"odd": 1}', '{"filters": 7}', '{"ordering": "id"}', '{"selectedItems": {"all": false}}' * 2]
)
def test_a_query_that_is_none_is_refused(program: Program, door: LabelStudioProject, query: str) -> None:
    assert program.get(f"tasks/?project={door.pk}&query={quote(query)}").status_code == 400


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["in", "equal"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["id", "updated_at", "is_labeled", "data.a", "data.image", "annotators", "completed_at"])
OPERATORS = st.sampled_from(["equal", "not_equal", "greater", "in", "not_in", "in_list", "empty", "contains", "odd"])


@given(st.builds(column, NAMES, OPERATORS, ODD, st.sampled_from(["Number", "String", "Datetime", ""])))
def test_no_filter_breaks_the_list(item: dict[str, Any]) -> None:
    world = _world()
    found = ids_of(world[0], world[1], item)
    assert isinstance(found, list) or found[0] == 400


def _world() -> tuple[Program, LabelStudioProject]:
    found = LabelStudioProject.objects.select_related("queue").first()
    if found is not None:
        return Program(found.queue.created_by), found
    user = User.objects.create(username="odd")
    project = Project.objects.create(name="odd", created_by=user)
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    program = Program(user)
    made = program.post("projects", {"title": "A", "label_config": CONFIG}).json()["id"]
    blob = store().add_bytes(png())
    add_items(project, Caller(user), [ItemSpec("item-00000.png", blob.md5, blob.sha256)], trusted=True)
    return program, LabelStudioProject.objects.get(pk=made)


def test_pages_end_as_label_studios_do(program: Program, door: LabelStudioProject) -> None:
    page = program.get(f"tasks/?project={door.pk}&page=2&page_size=2").json()
    assert ([task["inner_id"] for task in page["tasks"]], page["total"]) == ([3], 3) and "annotations" not in page[
        "tasks"
    ][0]
    assert program.get(f"tasks/?project={door.pk}&page=3&page_size=2").status_code == 404
    assert program.get(f"tasks/?project={door.pk}&page_size=100000").json()["field"] == "page_size"
    assert program.get(f"tasks/?project={door.pk}&view=3").json()["field"] == "view"
    assert program.get(f"tasks/?project={door.pk}&include=id").json()["tasks"][0] == {"id": task_number(door, 1)}


def test_a_page_of_tasks_takes_as_many_statements_however_many_there_are(
    program: Program, make_queue: Callable[..., Queue], erin: User, bob: User
) -> None:
    counts = []
    for size in (2, 8):
        made = make_queue(size, overlap=2).label_studio
        for place in range(1, size + 1):
            for who in (erin, bob):
                Program(who).post(f"tasks/{task_number(made, place)}/annotations/", {"result": [BOX]})
        with CaptureQueriesContext(connection) as statements:
            page = program.get(f"tasks/?project={made.pk}&fields=all").json()
        assert sum(len(task["annotations"]) for task in page["tasks"]) == 2 * size == page["total_annotations"]
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 10
    with CaptureQueriesContext(connection) as statements:
        assert program.get("projects?page_size=10000000").json()["count"] == 2
    assert len(statements) <= 7  # PostgreSQL is told to use an index, too


# -- the web ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Any]:
    """A web site that has two pictures, and tells what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            there = self.path.startswith("/a")
            data = png(seed=len(self.path)) if there else b"<html>nothing"
            self.send_response(200 if there or self.path == "/page" else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PRIVATE_HOSTS = frozenset({"127.0.0.1"})
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_pictures_of_the_web_are_fetched_once_and_all_or_none(program: Program, site: Any) -> None:
    url, asked = site
    made = program.post("projects", {"title": "A", "label_config": CONFIG}).json()["id"]
    call = f"projects/{made}/import?return_task_ids=true"
    rows = [{"image": f"{url}/a.png?x=1"}, {"image": f"{url}/abc", "row": 2}]
    ids = program.post(call, rows).json()["task_ids"]
    assert program.post(call, rows).json()["task_ids"] == ids and len(asked) == 2
    task = program.get(f"tasks/{ids[1]}").json()
    assert task["data"] == rows[1]
    item = Item.objects.get(path__endswith="-abc")
    address = f"http://testserver/ls/data/upload/{made}/{item.path}"
    own = program.post(call, [{"image": address, "row": 2}]).json()
    assert own["task_ids"] == [ids[1]]
    fetched: Any = program.client.get(address.removeprefix("http://testserver"))
    assert b"".join(fetched.streaming_content) == png(seed=4)
    for bad, why in (("/missing.png", "answered 404"), ("/page", "The file")):
        answer = program.post(call, [{"image": f"{url}/a9.png"}, {"image": f"{url}{bad}"}])
        assert answer.status_code == 400 and answer.json()["field"].startswith("tasks[1]"), answer.json()
        assert why in answer.json()["error"]
    assert Item.objects.count() == 2 == Task.objects.count()
    many = program.post(call, [{"image": f"{url}/a{n}"} for n in range(201)])
    assert many.json()["code"] == "too_many" and "lode import" in many.json()["error"]


# -- numbers ----------------------------------------------------------------------------------------------------------


@given(st.uuids())
def test_the_number_of_a_uuid_leads_back_to_it(uuid: UUID) -> None:
    number = numbers.uuid_number(uuid)
    least, greatest = numbers.uuid_range(number)
    assert least <= uuid <= greatest and number < 2**53


@given(st.integers(1, 90_000), st.integers(1, numbers.TASKS - 1), st.integers(0, numbers.PREDICTIONS - 2))
def test_the_numbers_of_tasks_and_predictions_are_taken_apart_again(project: int, place: int, prediction: int) -> None:
    task = numbers.task_number(project, place)
    assert numbers.task_parts(task) == (project, place)
    number = numbers.prediction_number(task, prediction)
    assert numbers.prediction_parts(number) == (task, prediction) and number < 2**53
