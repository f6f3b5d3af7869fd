"""How far people agree: the coefficients against the textbook, answers compared, and the pages of the figures."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.annotation_room.moods import MOOD, member, mood

from lode_annotation import comparisons
from lode_annotation.agreement.coefficients import (
    Sums,
    alpha_interval,
    alpha_nominal,
    ambiguity,
    cohen,
    coincidences,
    f1,
    fleiss,
    fleiss_of_pairs,
)
from lode_annotation.agreement.comparing import Cell, compared
from lode_annotation.class_examples import add as add_example
from lode_annotation.models import Comparison, Queue, Task
from lode_annotation.schemas import create_schema, revise
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from motherlode.controls import Control
from motherlode.regions import Region

FLEISS = """0 0 0 0 14/0 2 6 4 2/0 0 3 5 6/0 3 9 2 0/2 2 8 1 1/7 7 0 0 0/3 2 6 3 0/2 5 3 2 2/6 5 2 1 0/0 2 2 3 7"""
CODERS = ("*****34121133*3", "1*213343*******", "**21344*21133*4")


def table() -> list[list[int]]:
    return [[int(count) for count in line.split()] for line in FLEISS.split("/")]


def units() -> list[list[float | None]]:
    return [[None if mark == "*" else float(mark) for mark in unit] for unit in zip(*CODERS, strict=True)]


def test_cohen_as_the_textbook_has_it() -> None:
    assert cohen([[20, 5], [10, 15]]) == pytest.approx(0.4, abs=1e-9)
    assert cohen([[0, 0], [0, 0]]) is None and cohen([[5, 0], [0, 0]]) is None


def test_fleiss_as_the_textbook_has_it() -> None:
    assert fleiss(table()) == pytest.approx(0.20993, abs=5e-6)
    with pytest.raises(ValueError, match="same number"):
        fleiss([[2, 0], [1, 0]])
    pairs = np.zeros((5, 5))
    for counts in table():
        raters = [place for place, count in enumerate(counts) for _each in range(count)]
        for one, two in combinations(raters, 2):
            pairs[one, two] += 1
    assert fleiss_of_pairs(pairs) == pytest.approx(fleiss(table()), abs=1e-12)


def test_krippendorff_as_the_textbook_has_it() -> None:
    values, matrix = coincidences(units())
    assert values == [1, 2, 3, 4] and matrix.sum() == pytest.approx(26)
    assert alpha_nominal(matrix) == pytest.approx(0.69136, abs=5e-6)
    sums = [0.0, 0.0, 0.0, 0.0]
    for unit in units():
        rated = [value for value in unit if value is not None]
        for one, two in combinations(rated, 2):
            each = (1.0, one + two, one**2 + two**2, (one - two) ** 2)
            sums = [total + part / (len(rated) - 1) for total, part in zip(sums, each, strict=True)]
    assert alpha_interval(Sums(*sums)) == pytest.approx(0.81084, abs=5e-6)
    assert alpha_nominal([[4.0]]) is None and alpha_interval(Sums(0, 0, 0, 0)) is None


def test_shares() -> None:
    assert f1(3, 1, 1) == 0.75 and f1(0, 0, 0) is None
    assert ambiguity({(1, 1): 6, (1, 2): 1, (0, 1): 1, (2, 2): 9}, 1) == 0.25
    assert ambiguity({(2, 2): 9}, 1) is None


def box(class_id: int, x: float, frame: int | None = None) -> Region:
    return Region(f"{class_id}-{x}", "box", class_id, "", (x, 0.0, x + 10.0, 10.0), frame=frame, control="label")


def test_regions_are_compared_one_to_one_whatever_their_class() -> None:
    asked = [Control(name="label", kind="box", to_name="image", class_ids={"RBC": 1, "WBC": 2, "Old": 3})]
    one = [box(1, 0), box(1, 50), box(2, 100), box(3, 200, 1)]
    two = [box(1, 0), box(2, 52), box(1, 150), box(1, 200)]
    assert compared(asked, one, two, {3: 1}) == [
        Cell("label", 0, 1, 2),
        Cell("label", 1, 0, 1),
        Cell("label", 1, 1, 1, 1.0),
        Cell("label", 1, 2, 1, 8 / 12),
        Cell("label", 2, 0, 1),
    ]


def test_answers_are_compared_by_what_their_question_takes() -> None:
    classes = {"a": 1, "b": 2, "c": 3}
    single = Control(name="one", kind="choice", to_name="image", class_ids=classes)
    several = Control(name="many", kind="choice", to_name="image", class_ids=classes, single=False)
    number = Control(name="count", kind="number", to_name="image", class_ids={})

    def said(control: str, *class_ids: int) -> list[Region]:
        return [Region(f"{control}{one}", "choice", one, control=control) for one in class_ids]

    assert compared([single], said("one", 1), said("one", 2), {}) == [Cell("one", 1, 2)]
    assert compared([single], said("one", 1), [], {}) == [Cell("one", 1, 0)]
    assert compared([single], [], [], {}) == []
    assert compared([several], said("many", 1, 2), said("many", 2, 3), {}) == [
        Cell("many", 1, 0),
        Cell("many", 2, 2),
        Cell("many", 0, 3),
    ]
    three, four = (Region("n", "number", 0, value=value, control="count") for value in (3, 4.5))
    assert compared([number], [three], [four], {}) == [Cell("count", 0, 0, values=(3.0, 4.5))]


@pytest.mark.parametrize(
    ("kind", "one", "two", "alike"),
    [
        ("text", ["a  leak\n", "wet"], ["a leak", " wet "], 1.0),
        ("text", ["a leak"], ["a Leak"], 0.0),
        ("text", ["a leak", "wet"], ["a leak"], 0.0),
        ("pairwise", "left", "left", 1.0),
        ("pairwise", "left", "right", 0.0),
        ("ranking", {"rank": ["a", "b", "c", "d"]}, {"rank": ["a", "b", "c", "d"]}, 1.0),
        ("ranking", {"rank": ["a", "b", "c", "d"]}, {"rank": ["d", "c", "b", "a"]}, 0.0),
        ("ranking", {"rank": ["a", "b", "c", "d"]}, {"rank": ["b", "a", "c", "d"]}, 5 / 6),  # tau is 2 / 3
        ("ranking", {"rank": ["a", "b", "c"]}, {"rank": ["c", "a", "b"]}, 1 / 3),  # tau is -1 / 3
        ("ranking", {"rank": ["a"]}, {"rank": ["a"]}, 1.0),
    ],
)
def test_answers_without_classes_are_compared_by_how_alike_they_are(
    kind: str, one: Any, two: Any, alike: float
) -> None:
    asked = Control(name="q", kind=kind, to_name="item", class_ids={})
    ours, theirs = (Region("r", kind, 0, value=value, control="q") for value in (one, two))
    [cell] = compared([asked], [ours], [theirs], {})
    assert (cell.one, cell.two, cell.values) == (0, 0, None) and cell.iou == pytest.approx(alike)
    assert compared([asked], [ours], [], {}) == []


@pytest.fixture
def moods(
    alice: User,
    bob: User,
    erin: User,
    project: Project,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
    run_jobs: Callable[[], int],
) -> Queue:
    """A queue of 10 tasks that bob, erin and dora answered: dora differs in three, and did not say in one."""
    schema = create_schema(project, Caller(alice), name="moods", config=MOOD)
    queue = make_queue(10, schema=schema, overlap=3)
    dora = member(project, "dora")
    for number in range(10):
        word = "calm" if number % 2 else "wild"
        says(bob, queue, mood(word))
        says(erin, queue, mood(word))
        says(dora, queue, [] if number == 9 else mood({"calm": "wild", "wild": "calm"}[word] if number < 3 else word))
    comparisons.begin(project, alice)
    run_jobs()
    return queue


@pytest.mark.django_db
def test_figures_of_a_queue_in_all_by_pair_and_with_the_labels(
    moods: Queue, project: Project, api: Callable[..., Any], rita: User, bob: User
) -> None:
    got = api(rita).get(f"projects/{project.name}/agreement?queue={moods.uuid}").json()
    assert got["to_compare"] == 0
    [figures] = got["questions"]
    assert (figures["schema"], figures["control"], figures["measure"]) == ("moods", "mood", "kappa")
    assert figures["tasks"] == 10
    pairs = {tuple(row["people"]): row for row in figures["pairs"]}
    assert pairs["bob", "erin"]["value"] == 1.0 and pairs["bob", "erin"]["comparisons"] == 10
    # bob by dora, of nine: 3 wild-wild, 3 calm-calm, 2 wild-calm, 1 calm-wild
    assert pairs["bob", "dora"]["kappa"] == pytest.approx(cohen([[3, 2], [1, 3]]), abs=1e-9)
    with_labels = {row["person"]: row["value"] for row in figures["with_labels"]}
    assert with_labels["bob"] == 1.0 and with_labels["dora"] == pytest.approx(cohen([[3, 2], [1, 3]]), abs=1e-9)
    rated: list[list[float | None]] = [
        [n % 2, n % 2, None if n == 9 else (1 - n % 2 if n < 3 else n % 2)] for n in range(10)
    ]
    assert figures["alpha"] == pytest.approx(alpha_nominal(coincidences(rated)[1]), abs=1e-9)
    assert figures["fleiss"] is None, "one task has an answer less"
    assert {row["name"]: row["comparisons"] for row in figures["ambiguous"]} == {"calm": 19, "wild": 17}
    assert api(bob).get(f"projects/{project.name}/agreement").status_code == 403


@pytest.mark.django_db
def test_texts_are_compared_by_whether_they_are_the_same(
    alice: User,
    bob: User,
    erin: User,
    project: Project,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
    run_jobs: Callable[[], int],
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
) -> None:
    config = '<View><Image name="image" value="$image"/><TextArea name="seen" toName="image"/></View>'
    queue = make_queue(3, schema=create_schema(project, Caller(alice), name="seen", config=config), overlap=2)

    def written(text: str) -> list[dict[str, Any]]:
        entry = {"id": "t", "from_name": "seen", "to_name": "image", "type": "textarea"}
        return [{**entry, "value": {"text": [text]}}]

    for one, two in (("a leak", "a  leak"), ("a crack", "nothing"), ("rust", "rust")):
        says(bob, queue, written(one))
        says(erin, queue, written(two))
    comparisons.begin(project, alice)
    run_jobs()
    [figures] = api(alice).get(f"projects/{project.name}/agreement").json()["questions"]
    assert (figures["measure"], figures["alike"], figures["tasks"]) == ("alike", pytest.approx(2 / 3), 3)
    assert figures["observed"] is figures["f1"] is figures["alpha"] is None and figures["ambiguous"] == []
    [pair] = figures["pairs"]
    assert (pair["people"], pair["value"], pair["comparisons"]) == (["bob", "erin"], pytest.approx(2 / 3), 3)
    page = client_for(alice).get(f"/p/{project.name}/agreement/")
    assert "Same answer" in page.content.decode() and page.context["classes"] == []
    [cell] = [cell for row in page.context["people"] for cell in row.cells if cell and cell.kind == "right"][:1]
    assert cell.text == "0.67" and len(client_for(alice).get(cell.url).context["rows"]) == 3


@pytest.mark.django_db
def test_a_changed_answer_is_compared_again(
    moods: Queue, project: Project, api: Callable[..., Any], answer: Callable[..., Any], run_jobs: Callable[[], int]
) -> None:
    dora = User.objects.get(username="dora")
    task = Task.objects.get(queue=moods, number=1)
    before = Counter(Comparison.objects.filter(task=task).values_list("one_class", "two_class"))
    assert api(dora).post(f"tasks/{task.uuid}/submit", answer(mood("wild"))).status_code == 200
    assert comparisons.marked(project) == 1
    assert comparisons.begin_all() == {"answers to compare": 1}
    run_jobs()
    after = Counter(Comparison.objects.filter(task=task).values_list("one_class", "two_class"))
    assert comparisons.marked(project) == 0 and sum(after.values()) == sum(before.values()) == 6
    assert len(after) == 1 and before != after
    assert comparisons.begin(project, dora) is None


@pytest.mark.django_db
def test_the_cells_of_the_matrices_open_their_tasks(
    moods: Queue, client_for: Callable[[User], Client], rita: User, project: Project
) -> None:
    client = client_for(rita)
    page = client.get(f"/p/{project.name}/agreement/")
    text = page.content.decode()
    assert "bob with erin: 1.000 of 10 comparisons" in text and "calm by one, wild by the other: 6" in text
    rows = {row.name: {cell.words: cell.url for cell in row.cells if cell} for row in page.context["people"]}
    [url] = [url for words, url in rows["dora"].items() if words.startswith("dora with the labels")]
    opened = client.get(url)
    assert len(opened.context["rows"]) == 10
    apart = client.get(f"/p/{project.name}/agreement/tasks/?one=1&two=2&who=dora&with=bob")
    assert sorted(row["task"].number for row in apart.context["rows"]) == [1, 2, 3]
    for wrong in ("one=x", "question=no/such", "queue=x"):
        assert client.get(f"/p/{project.name}/agreement/tasks/?{wrong}").status_code == 404


@pytest.mark.django_db
def test_people_see_their_own_figures_and_nobody_elses(
    moods: Queue, client_for: Callable[[User], Client], bob: User, rita: User, project: Project
) -> None:
    client = client_for(bob)
    got = client.get(f"/p/{project.name}/agreement/")
    assert got.status_code == 302 and got["location"] == f"/p/{project.name}/people/bob/"
    own = client.get(got["location"])
    assert own.status_code == 200 and own.context["answered"] == 10
    assert own.context["agreed"][0]["value"] == 1.0
    assert client.get(own.context["agreed"][0]["url"]).status_code == 200
    assert client.get(f"/p/{project.name}/people/dora/").status_code == 403
    assert client.get(f"/p/{project.name}/agreement/tasks/?who=dora").status_code == 403
    assert client_for(rita).get(f"/p/{project.name}/people/dora/").context["skipped"] == 0


@pytest.mark.django_db
def test_the_page_asks_as_many_statements_whatever_it_adds_up(
    moods: Queue,
    client_for: Callable[[User], Client],
    rita: User,
    project: Project,
    django_assert_max_num_queries: Callable[[int], CaptureQueriesContext],
) -> None:
    client = client_for(rita)
    client.get(f"/p/{project.name}/agreement/")
    with django_assert_max_num_queries(40) as few:
        client.get(f"/p/{project.name}/agreement/?queue={moods.uuid}")
    row = Comparison.objects.filter(two__isnull=False)[0]
    for number in range(30):
        row.pk, row.one = None, User.objects.create(username=f"p{number}")
        row.save()
    with django_assert_max_num_queries(len(few)):
        client.get(f"/p/{project.name}/agreement/?queue={moods.uuid}")


def test_an_ambiguous_class_is_shown_with_its_guideline_and_its_examples(
    moods: Queue, client_for: Callable[[User], Client], alice: User, project: Project
) -> None:
    schema = moods.schema_revision.schema
    calm = schema.classes.get(name="calm").class_id
    revise(schema, Caller(alice), config=moods.schema_revision.config, guidelines={calm: "- **slow** ones"})
    item = project.items.first()
    assert item is not None
    add_example(schema, Caller(alice), class_id=calm, item=item.uuid, good=False, caption="asleep")
    html = client_for(alice).get(f"/p/{project.name}/agreement/").content.decode()
    assert "<strong>slow</strong> ones" in html and "asleep" in html and "is-bad" in html
    assert f"#guideline-of-{calm}" in html
