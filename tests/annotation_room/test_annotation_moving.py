"""Tasks that move into a queue from another tool: each part whole or not at all, nobody's work here overwritten."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Queue, Review, Task
from lode_annotation.moving import giving, taking
from lode_annotation.moving.holding import held
from lode_annotation.plain_results import Plain
from lode_annotation.queues import create_queue
from lode_annotation.rules import rules_of
from lode_annotation.schemas import create_schema
from lode_platform import invitations
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Forbidden, LodeError
from lode_platform.models import Item, Project, User
from motherlode.labeling_config import build
from motherlode.media import Image

pytestmark = pytest.mark.django_db

AT, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


@pytest.fixture
def queue(make_queue: Callable[..., Queue]) -> Queue:
    return make_queue(0, name="moved")


@pytest.fixture
def item(project: Project, make_items: Callable[..., list[Item]]) -> Item:
    return make_items(project, 1)[0]


def said(item: Item, *answers: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"path": item.path, "number": 7, "answers": answers, **more}).encode() + b"\n"


def answer_of(box: dict[str, Any], by: str = "ann@example.org", **more: Any) -> dict[str, Any]:
    return {"by": by, "number": 1, "result": [box], "at": AT, "saved_at": AT, **more}


def test_an_answer_comes_in_with_its_author_time_and_label_set(
    queue: Queue, item: Item, erin: User, box: Callable[..., dict[str, Any]]
) -> None:
    told = taking.take(queue, Caller(erin), said(item, answer_of(box(id="r"))))
    assert (told["counts"]["answers"], told["problems"]) == (1, [])
    save = AnnotationRevision.objects.get()
    assert (save.author.is_active, save.created_at.isoformat()) == (False, "2026-01-01T00:00:00+00:00")
    assert (Task.objects.get().state, Task.objects.get().reason) == ("done", {}) and Lease.objects.get().closed
    assert LabelSet.objects.current().get().annotation_revision == save


def test_an_author_takes_their_account_over_and_what_comes_later_is_theirs(
    queue: Queue, item: Item, alice: User, erin: User, project: Project, box: Callable[..., dict[str, Any]]
) -> None:
    taking.take(queue, Caller(erin), said(item, answer_of(box(id="r"))))
    assert [one.username for one in invitations.open_to_take_over(project)] == ["ann@example.org (blood)"]
    text = invitations.invite(project, Caller(alice), role="annotator", account="ann@example.org (blood)")[1]
    ann = invitations.register(text, username="ann", password="tr0mbone-lagoon").member.user
    assert Annotation.objects.get().user == ann and ann.is_active
    assert not invitations.open_to_take_over(project).exists()
    newer = answer_of(box(id="r", x=40), saved_at=LATER)
    taking.take(queue, Caller(erin), said(item, newer))
    assert AnnotationRevision.objects.get(number=2).author == ann and User.objects.filter(is_active=False).count() == 0


def test_what_somebody_changed_here_stays_and_what_is_new_there_comes_in(
    queue: Queue, item: Item, erin: User, box: Callable[..., dict[str, Any]]
) -> None:
    first = answer_of(box(id="r"))
    taking.take(queue, Caller(erin), said(item, first))
    newer = answer_of(box(id="r", x=40), saved_at=LATER)
    assert taking.take(queue, Caller(erin), said(item, newer))["counts"]["answers"] == 1
    assert Annotation.objects.get().revision == 2 and LabelSet.objects.count() == 2
    AnnotationRevision.objects.filter(number=2).update(operation_id="00000000-0000-4000-8000-000000000001")
    third = answer_of(box(id="r", x=50), saved_at="2026-01-03T00:00:00Z")
    told = taking.take(queue, Caller(erin), said(item, third))
    assert (told["counts"].get("answers", 0), told["counts"]["answers_kept"]) == (0, 1)


def test_skips_and_rejected_answers_are_no_labels(
    queue: Queue, item: Item, erin: User, box: Callable[..., dict[str, Any]]
) -> None:
    no = answer_of(box(id="r"), reviews=[{"by": "rita", "accepted": False, "comment": "look again", "at": LATER}])
    skip = answer_of(box(id="s"), by="bo", number=2, state="skipped")
    taking.take(queue, Caller(erin), said(item, no, skip))
    assert sorted(Annotation.objects.values_list("state", flat=True)) == ["rejected", "skipped"]
    assert Review.objects.get().comment == "look again" and not LabelSet.objects.exists()


def test_a_region_over_the_edge_is_cut_and_one_that_is_unknown_left_out(
    schema: Any, box: Callable[..., dict[str, Any]]
) -> None:
    plain = Plain(rules_of(schema.revisions.get().controls))
    over, odd, fine = box(id="a", x=90, width=20), box(id="b", label="Cat"), box(id="c")
    made = held([over, odd, fine], Image(200, 100), plain)
    assert made.texts is not None and [row["id"] for row in json.loads(made.texts.regions)] == ["a", "c"]
    assert json.loads(made.texts.regions)[0]["geometry"] == [180.0, 20.0, 200.0, 45.0]
    assert ("outside" in made.cut[0] or "reaches" in made.cut[0] or made.cut) and "no label 'Cat'" in made.left_out[0]
    assert held([odd], Image(200, 100), plain).texts is None  # a lost label is not an empty image
    assert held([], Image(200, 100), plain).texts is not None
    scaled = held([box(id="d", original_width=100, original_height=50)], Image(200, 100), plain)
    assert scaled.texts is not None and scaled.left_out == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not an object"),
        (b'{"path": 3}', "path is 3"),
        (b'{"path": "a", "answers": [{}]}', "lacks 'at'"),
        (b'{"path": "a", "answers": [{"by": "x", "at": "soon"}]}', "soon"),
        (b'{"path": "a", "answers": [{"by": "x", "at": "2026-01-01", "state": "odd"}]}', "'odd' is not one of"),
        (b'{"path": "a", "answers": {"a": 1}}', "not a list"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_part_with_a_bad_line_is_refused_whole(
    queue: Queue, item: Item, erin: User, box: Callable[..., dict[str, Any]], line: bytes, why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        taking.take(queue, Caller(erin), said(item, answer_of(box())) + line)
    assert not Task.objects.exists() and not User.objects.filter(is_active=False).exists()


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["id", "type", "from_name", "to_name", "value", "original_width", "direction", "labels"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(FIELDS, ODD, max_size=6) | ODD, max_size=3), st.dictionaries(FIELDS, ODD, max_size=3))
def test_whatever_a_result_says_is_kept_and_nothing_breaks(
    queue: Queue, item: Item, erin: User, box: Callable[..., dict[str, Any]], result: list[Any], change: dict[str, Any]
) -> None:
    number = AnnotationRevision.objects.count() + 1
    one = {**answer_of({}), "number": number, "result": [*result, {**box(), **change}]}
    try:
        taking.take(queue, Caller(erin), said(item, one, prelabels=result))
    except LodeError:
        return
    assert AnnotationRevision.objects.filter(number=number).exists()
    assert [row["path"] for row in giving.given(queue)] == [item.path]


def test_who_may_move_work_in_and_out(
    api: Callable[..., Any], queue: Queue, bob: User, charlie: User, erin: User
) -> None:
    for user, status in ((bob, 403), (charlie, 404), (erin, 200)):
        assert api(user).get(f"queues/{queue.uuid}/move-out").status_code == status
    with pytest.raises(Forbidden):
        taking.take(queue, Caller(bob), b"")


def test_the_number_of_queries_does_not_grow_with_the_tasks(
    project: Project,
    erin: User,
    alice: User,
    make_items: Callable[..., list[Item]],
    box: Callable[..., dict[str, Any]],
    django_assert_max_num_queries: Any,
) -> None:
    schema = create_schema(project, Caller(alice), name="many", config=build(["RBC"], "boxes"))
    for count in (2, 40):
        queue = create_queue(project, Caller(alice), name=f"of {count}", schema=schema)
        lines = b"".join(said(one, answer_of(box())) for one in make_items(project, count))
        with django_assert_max_num_queries(40):
            taking.take(queue, Caller(erin), lines)
        with django_assert_max_num_queries(6):
            assert len(list(giving.given(queue))) == count
