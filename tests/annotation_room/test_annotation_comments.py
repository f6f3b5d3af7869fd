"""Comments on answers: who sees and says them, where they are pinned, and what becomes of them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from lode_annotation.models import Annotation, Comment, Queue, Task
from lode_platform.models import Event, Item, Project, User
from lode_platform.notifications.models import Notification
from motherlode.media import Image, Text

pytestmark = pytest.mark.django_db
Api = Callable[..., Any]


@pytest.fixture
def given(
    api: Api, bob: User, make_queue: Callable[..., Queue], box: Callable[..., Any], answer: Callable[..., Any]
) -> Annotation:
    """Bob's answer of two boxes, which waits for a reviewer. The item has 640 x 480 pixels."""
    queue = make_queue(1, review=True)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    drawn = [box(10, 20, 30, 25, id="r"), box(60, 50, 10, 10, id="s", label="WBC")]
    assert api(bob).post(f"tasks/{task}/submit", answer(drawn)).status_code == 200
    return Annotation.objects.get()


def said(api: Api, user: User, given: Annotation, text: str = "look here", **more: Any) -> Any:
    got = api(user).post(f"annotations/{given.uuid}/comments", {"text": text, **more})
    assert got.status_code == 201, got.content
    return got.json()


def test_comments_are_numbered_and_pinned_to_regions_places_and_the_answer(
    api: Api, rita: User, bob: User, given: Annotation
) -> None:
    size = given.task.item.media
    assert isinstance(size, Image)
    one = said(api, rita, given, "too wide", region="r")
    two = said(api, rita, given, "a cell is missing", place={"x": 5, "y": 7.5})
    three = said(api, rita, given, "nice")
    assert [row["number"] for row in (one, two, three)] == [1, 2, 3]
    assert (one["region"], one["label"], one["gone"]) == ("r", "RBC", False)
    assert one["place"] == pytest.approx({"x": 0.4 * size.width, "y": 0.2 * size.height})
    assert two["place"] == {"x": 5.0, "y": 7.5} and two["region"] is None and three["place"] is None
    listed = api(bob).get(f"annotations/{given.uuid}/comments").json()
    assert listed == [one, two, three] == api(rita).get(f"annotations/{given.uuid}/comments").json()
    shown = api(rita).post(f"queues/{given.task.queue.uuid}/review/next").json()
    assert [row["text"] for row in shown["comments"]] == ["too wide", "a cell is missing", "nice"]


def test_reviewers_see_all_annotators_those_on_their_own_answers_and_others_none(
    api: Api, rita: User, bob: User, erin: User, victor: User, given: Annotation
) -> None:
    comment = said(api, rita, given)
    address = f"annotations/{given.uuid}/comments"
    for user in (erin, victor):
        assert api(user).get(address).status_code == 403
        assert api(user).post(address, {"text": "me too"}).status_code == 403
        assert api(user).put(f"{address}/{comment['uuid']}/resolved").status_code == 403
    assert api(bob).get(address).status_code == 200
    assert api(bob).get(f"annotations/{uuid4()}/comments").status_code == 404
    assert api(bob).put(f"{address}/{uuid4()}/resolved").status_code == 404


def test_an_annotator_answers_back_and_resolves_and_a_reply_opens_it_again(
    api: Api, rita: User, bob: User, given: Annotation
) -> None:
    comment = said(api, rita, given, "why so wide?", region="r")
    address = f"annotations/{given.uuid}/comments/{comment['uuid']}/resolved"
    replied = said(api, bob, given, "two cells touch", reply_to=comment["uuid"])
    assert replied["uuid"] == comment["uuid"]
    assert [(row["author"], row["text"]) for row in replied["replies"]] == [("bob", "two cells touch")]
    done = api(bob).put(address).json()
    assert done["resolved"] and done["resolved_by"] == "bob" and done == api(rita).put(address).json()
    assert not said(api, rita, given, "then two boxes", reply_to=comment["uuid"])["resolved"]
    api(rita).put(address)
    assert not api(bob).delete(address).json()["resolved"]
    verbs = Event.objects.filter(verb__startswith="comment.").order_by("pk").values_list("verb", "actor__username")
    assert list(verbs) == [
        ("comment.add", "rita"),
        ("comment.reply", "bob"),
        ("comment.resolve", "bob"),
        ("comment.reply", "rita"),
        ("comment.resolve", "rita"),
        ("comment.reopen", "bob"),
    ]


def test_the_same_comment_sent_twice_is_said_once(api: Api, rita: User, bob: User, given: Annotation) -> None:
    name = str(uuid4())
    assert said(api, rita, given, uuid=name) == said(api, rita, given, uuid=name)
    assert Comment.objects.count() == 1
    got = api(bob).post(f"annotations/{given.uuid}/comments", {"text": "mine", "uuid": name})
    assert (got.status_code, got.json()["code"]) == (409, "id_taken")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("text", {"text": "  "}),
        ("text", {"text": "x" * 2001}),
        ("region", {"text": "x", "region": "nowhere"}),
        ("region", {"text": "x", "region": "r", "place": {"x": 1, "y": 1}}),
        ("place", {"text": "x", "place": {"x": -1, "y": 1}}),
        ("place", {"text": "x", "place": {"x": 1, "y": 1e9}}),
        ("place", {"text": "x", "place": {"x": 1, "y": True}}),
        ("place", {"text": "x", "place": {"x": 1}}),
        ("place", {"text": "x", "place": {"x": 1, "y": 1, "page": 1}}),
        ("place", {"text": "x", "place": {"start": 0, "end": 3}}),
        ("place", {"text": "x", "place": "here"}),
        ("reply_to", {"text": "x", "reply_to": str(uuid4())}),
    ],
)
def test_what_cannot_be_pinned_is_refused_by_its_field(
    api: Api, rita: User, given: Annotation, field: str, body: dict[str, Any]
) -> None:
    got = api(rita).post(f"annotations/{given.uuid}/comments", body)
    assert got.status_code == 400 and got.json()["field"] == field, got.content
    assert not Comment.objects.exists()


def test_a_place_of_a_text_is_a_part_of_it() -> None:
    assert Text(10).place({"start": 2, "end": 5}) == {"start": 2, "end": 5}
    for wrong in ({"start": 5, "end": 5}, {"start": 0, "end": 11}, {"start": 0.0, "end": 3}, {"x": 1, "y": 1}):
        with pytest.raises(ValueError, match="start|characters"):
            Text(10).place(wrong)
    assert Image(8, 8, 3).place({"x": 1, "y": 2, "page": 2}) == {"x": 1.0, "y": 2.0, "page": 2}


def test_a_rejection_sends_the_open_comments_back_as_its_reason(
    api: Api, rita: User, bob: User, given: Annotation
) -> None:
    said(api, rita, given, "too wide", region="r")
    done = said(api, rita, given, "never mind")
    said(api, rita, given, "a cell\nis missing", place={"x": 5, "y": 5})
    api(rita).put(f"annotations/{given.uuid}/comments/{done['uuid']}/resolved")
    body = {"verdict": "reject", "operation_id": str(uuid4()), "base_revision": 1}
    assert api(rita).post(f"annotations/{given.uuid}/review", body).status_code == 200
    got = api(bob).post(f"queues/{given.task.queue.uuid}/next").json()
    assert got["task"]["reason"]["text"] == "1. too wide 3. a cell is missing"
    assert got["task"]["reason"]["sent_back"]["comments"] == 2
    assert [row["number"] for row in got["comments"] if not row["resolved"]] == [1, 3]


def test_who_is_named_in_a_comment_and_whose_answer_comes_back_for_one_is_told(
    api: Api, rita: User, bob: User, alice: User, given: Annotation, answer: Callable[..., Any]
) -> None:
    said(api, rita, given, "what does @alice say? @rita asks", region="r")
    verdict = {"verdict": "reject", "operation_id": str(uuid4())}
    assert api(rita).post(f"annotations/{given.uuid}/review", verdict).status_code == 200
    told = list(Notification.objects.order_by("pk").values_list("user__username", "kind", "data__comment"))
    assert [row[:2] for row in told] == [("alice", "mention"), ("bob", "returned")]
    assert all("what does @alice say?" in row[2] for row in told)


def test_a_comment_outlives_a_save_of_the_answer_and_its_region(
    api: Api, rita: User, bob: User, given: Annotation, box: Callable[..., Any], answer: Callable[..., Any]
) -> None:
    size = given.task.item.media
    assert isinstance(size, Image)
    said(api, rita, given, "too wide", region="r")
    said(api, rita, given, "wrong class", region="s")
    body = {"verdict": "reject", "operation_id": str(uuid4()), "comment": "see there"}
    api(rita).post(f"annotations/{given.uuid}/review", body)
    address = f"tasks/{given.task.uuid}"
    api(bob).post(f"{address}/open")
    moved = [box(10, 40, 20, 25, id="r"), box(60, 50, 10, 10, id="s")]
    assert api(bob).post(f"{address}/submit", answer(moved, base_revision=1)).status_code == 200
    one, two = api(bob).get(f"annotations/{given.uuid}/comments").json()
    assert not one["gone"] and not two["gone"]
    sent = api(bob).post(f"{address}/submit", answer([box(60, 50, 10, 10, id="s")], base_revision=2))
    assert sent.status_code == 200, sent.content
    one, two = api(bob).get(f"annotations/{given.uuid}/comments").json()
    assert (one["gone"], two["gone"]) == (True, False)
    assert one["place"] == pytest.approx({"x": 0.3 * size.width, "y": 0.4 * size.height}), "where it was last"


def test_what_was_never_answered_is_not_commented_on(
    api: Api, rita: User, bob: User, make_queue: Callable[..., Queue], box: Callable[..., Any]
) -> None:
    queue = make_queue(1, review=True)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    api(bob).put(f"tasks/{task}/draft", {"result": [box()]})
    got = api(rita).post(f"annotations/{Annotation.objects.get().uuid}/comments", {"text": "hm"})
    assert (got.status_code, got.json()["code"]) == (409, "no_answer")


def test_the_task_and_the_item_tell_of_them_to_those_who_may_see_them(
    api: Api,
    client_for: Callable[[User], Client],
    rita: User,
    bob: User,
    erin: User,
    project: Project,
    given: Annotation,
) -> None:
    said(api, rita, given, "too <b>wide</b>", region="r")
    task, item = Task.objects.get(), Item.objects.get()
    pages = (f"/p/{project.name}/tasks/{task.uuid}/", f"/p/{project.name}/items/{item.uuid}/")
    for user, sees in ((rita, True), (bob, True), (erin, False)):
        for page in pages:
            html = client_for(user).get(page).content.decode()
            assert ("too &lt;b&gt;wide&lt;/b&gt;" in html) is sees, (user.username, page)
