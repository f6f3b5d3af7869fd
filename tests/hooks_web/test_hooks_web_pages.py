"""Every page of runs, failures and mining answers, shows what it should, and keeps strangers out."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from lode_hooks.evaluations import runs, summary
from lode_hooks.mining import large, request, rounds
from lode_hooks.models import Failure, FailureOccurrence, MiningRound
from lode_platform import shell
from lode_platform.callers import Caller
from lode_platform.jobs import run_pending
from lode_platform.models import Project, User

Page = Callable[[str], Any]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def address(name: str, *parts: Any) -> str:
    return reverse(f"hooks:{name}", args=["blood", *parts])


@pytest.mark.parametrize("name", ["runs", "failures", "mining", "mine"])
def test_an_empty_project_says_what_will_be_here_and_how_to_get_it(name: str, project: Project, page: Page) -> None:
    answer = text(page(address(name)))
    assert 'class="empty"' in answer
    assert "run" in answer and ("<code" in answer or 'class="btn' in answer)


def test_runs_are_listed_with_the_best_of_each_metric_marked(cells: Any, page: Page) -> None:
    rows = re.findall(r"<tr>.*?</tr>", text(page(address("runs"))), re.DOTALL)
    larger = next(row for row in rows if ">larger<" in row)
    baseline = next(row for row in rows if ">baseline<" in row)
    assert "num best" in larger and "num best" not in baseline
    assert "cells@v1" in larger


def test_the_filters_of_the_run_list_are_in_the_address(cells: Any, page: Page) -> None:
    answer = text(page(address("runs") + "?q=larg&state=finished&version=cells@v1"))
    assert ">larger<" in answer and ">baseline<" not in answer
    assert "No runs match" in text(page(address("runs") + "?q=nothing"))


@pytest.mark.parametrize("tab", ["overview", "compare", "predictions", "lineage"])
def test_every_tab_of_a_run_answers(tab: str, cells: Any, page: Page) -> None:
    answer = page(address("run", cells.second.uuid) + f"?tab={tab}")
    assert "larger" in text(answer) and 'aria-current="page"' in text(answer)


def test_the_strip_shows_the_change_against_the_older_run_and_an_interval(cells: Any, page: Page) -> None:
    answer = text(page(address("run", cells.second.uuid)))
    strip = answer[answer.index('class="stats run-strip"') : answer.index("</dl>")]
    assert "change-good" in strip
    assert re.search(r"\d\.\d{3} – \d\.\d{3}", strip)


def test_pages_open_at_the_stored_threshold_of_best_f1(cells: Any, page: Page) -> None:
    best = cells.before.threshold
    assert best > 0
    start = address("failures") + f"?evaluation={cells.before.uuid}"
    assert page(start).context["threshold"] == best
    counts = summary.counts(cells.before, best)
    assert [results_behind(page, f"{start}&state={state}") for state in ("tp", "fp", "fn")] == [
        counts.tp,
        counts.fp,
        counts.fn,
    ]


def test_a_run_shows_its_last_numbers_and_what_is_none_as_what_it_is(cells: Any, page: Page) -> None:
    run = cells.world.run("diverging", cells.version)
    steps = [runs.Step({"loss": 0.5}, 1), runs.Step({"loss": "nan", "rate": 0.125}, 2)]
    runs.log_metrics(run, steps)
    runs.change(run, run.created_by, tags={"kind": "trial"})
    for shown in (run, cells.second):
        runs.log_metrics(shown, steps)
        found = re.sub(r"<[^>]*>|\s+", " ", text(page(address("run", shown.uuid))))
        assert re.search(r"loss +not a number +step 2 .* rate +0\.125 +step 2", found)
    assert "trial" in text(page(address("run", run.uuid)))


def test_a_run_without_predictions_says_how_to_send_some(cells: Any, page: Page) -> None:
    bare = cells.world.run("bare", cells.version)
    assert "log_predictions" in text(page(address("run", bare.uuid)))
    assert "no predictions yet" in text(page(address("run", bare.uuid) + "?tab=predictions"))


def test_the_oldest_run_is_compared_with_a_younger_one(cells: Any, page: Page) -> None:
    answer = page(address("run", cells.first.uuid) + "?tab=compare")
    assert answer.context["other"] == cells.after
    assert page(address("run", cells.first.uuid)).context["other"] is None


def test_runs_scored_on_different_versions_are_parted_in_model_and_labels(cells: Any, page: Page) -> None:
    cells.world.correct("test/000.png", ("WBC", (10.0, 10.0, 50.0, 50.0)))
    newer = cells.world.publish("corrected")
    url = address("run", cells.second.uuid) + "?tab=compare"
    again = cells.world.evaluate(cells.after.prediction_set, newer)
    beside = page(f"{url}&evaluation={again.uuid}&with={cells.first.uuid}")
    assert beside.context["other"] == cells.before and "different ground truth" in text(beside)
    rescored = cells.world.evaluate(cells.before.prediction_set, newer)
    assert page(f"{url}&evaluation={again.uuid}&with={cells.first.uuid}").context["other"] == rescored


def test_comparing_opens_exactly_the_objects_it_counts(cells: Any, page: Page) -> None:
    answer = text(page(address("run", cells.second.uuid) + f"?tab=compare&with={cells.first.uuid}"))
    parts = re.findall(r'<a class="flow-part[^"]*" href="([^"]+)"[^>]*><b>(\d+)</b>', answer)
    assert len(parts) == 7
    for url, count in parts:
        assert results_behind(page, url) == int(count), url
    assert "McNemar" in answer


def results_behind(page: Page, url: str) -> int:
    """How many different matches an address of the viewer opens, fetched as the viewer does."""
    url = url.replace("&amp;", "&")
    boot = page(url).context["boot"]
    rows: list[int] = []
    while True:
        more = page(f"{boot['urls']['matches']}&offset={len(rows)}&limit=200").json()
        assert more["count"] == boot["count"]
        rows += [match["row"] for match in more["matches"]]
        if not more["matches"] or len(rows) >= more["count"]:
            break
    assert len(set(rows)) == len(rows) == boot["count"]
    assert page(f"{boot['urls']['matches']}&offset={'9' * 20}").json()["matches"] == []
    return len(rows)


@pytest.mark.once
def test_every_number_on_the_page_of_coco_opens_that_many_results(coco: Any, page: Page) -> None:
    answer = text(page(address("run", coco.run.uuid) + "?threshold=0"))
    counts = dict(re.findall(r'data-count="(\w+)"><b>(\d+)</b>', answer))
    assert counts == {"tp": "649", "fp": "85", "fn": "181"}
    for name, url in re.findall(r'href="([^"]+)" data-count="(\w+)"', answer):
        assert results_behind(page, name) == int(counts[url])
    kinds = re.findall(r'class="chip chip-kind chip-kind-(\w+)" href="([^"]+)">.*?<b>(\d+)</b>', answer)
    found = {kind: results_behind(page, url) for kind, url, _count in kinds}
    assert found == {kind: int(count) for kind, _url, count in kinds}
    assert found == {"missed": 97, "wrong_class": 83, "bad_location": 1, "duplicate": 1, "explained": 84}


@pytest.mark.once
def test_cells_classes_and_bars_open_exactly_what_they_count(coco: Any, page: Page) -> None:
    context = page(address("run", coco.run.uuid) + "?threshold=0&classes=all").context
    cells = [cell for row in context["matrix"].rows for cell in row.cells if cell]
    by_kind = {kind: [cell for cell in cells if cell.kind == kind] for kind in ("right", "wrong", "missed", "alarm")}
    counted = {kind: sum(cell.count for cell in found) for kind, found in by_kind.items()}
    assert counted == {"right": 649, "wrong": 83, "missed": 97, "alarm": 2}
    for cell in [cell for found in by_kind.values() for cell in found[:6]]:
        assert results_behind(page, cell.url) == cell.count, cell.url
    wrong = by_kind["wrong"][0].url
    pair = page(wrong).context["boot"]["matches"][0]
    truth, predicted = parse_qs(urlsplit(wrong).query)["cell"][0].split(":")
    assert (pair["truth"], pair["predicted"]) == (int(truth), int(predicted))

    lines = context["class_rows"]
    assert sum(line.row.truths for line in lines) == 830
    for line in lines[:3]:
        for name in ("truths", "tp", "fp", "fn"):
            assert results_behind(page, line.urls[name]) == getattr(line.row, name), (line.row.name, name)

    scores = context["score_chart"]["data"]["values"]
    sizes = context["size_chart"]["data"]["values"]
    assert sum(row["count"] for row in scores) == 734
    assert sum(row["count"] for row in sizes) == 830
    for row in [*scores[:4], *sizes[:8]]:
        assert results_behind(page, row["url"]) == row["count"], row

    curve = [row for row in context["curve_chart"]["data"]["values"] if row["main"]]
    assert (curve[0]["recall"], curve[0]["precision"], curve[0]["url"]) == (0, curve[1]["precision"], None)
    assert all(row["url"] for row in curve[1:])


@pytest.mark.once
def test_a_run_of_whole_picture_classes_shows_accuracy_and_opens_its_pictures(sorted_pictures: Any, page: Page) -> None:
    answer = page(address("run", sorted_pictures.run.uuid))
    assert "Accuracy" in text(answer) and "Macro F1" in text(answer) and "0.750" in text(answer)
    counts = dict(re.findall(r'data-count="(\w+)"><b>(\d+)</b>', text(answer)))
    assert counts == {"tp": "9", "fp": "3"}
    for url, name in re.findall(r'href="([^"]+)" data-count="(\w+)"', text(answer)):
        assert results_behind(page, url) == int(counts[name])
    cells = [cell for row in answer.context["matrix"].rows for cell in row.cells if cell]
    assert sum(cell.count for cell in cells) == 12
    for cell in cells:
        assert results_behind(page, cell.url) == cell.count
    for line in answer.context["class_rows"]:
        for name in ("truths", "tp", "fp", "fn"):
            assert results_behind(page, line.urls[name]) == getattr(line.row, name), (line.row.name, name)
    for bar in answer.context["score_chart"]["data"]["values"]:
        assert results_behind(page, bar["url"]) == bar["count"]
    boot = page(address("failures") + f"?evaluation={sorted_pictures.evaluation.uuid}").context["boot"]
    assert boot["count"] == 3 and boot["boxes"] is False
    assert page(f"{boot['urls']['scene']}&picture={boot['matches'][0]['item']}").json()["truths"] == []
    assert "sorter" in text(page(address("runs")))
    assert page(address("run", sorted_pictures.run.uuid) + "?tab=compare").status_code == 200


@pytest.mark.once
def test_every_facet_of_the_viewer_opens_as_many_results_as_it_says(cells: Any, page: Page) -> None:
    start = address("failures") + f"?evaluation={cells.before.uuid}&threshold=0"
    facets = page(start).context["facets"]
    assert {facet.name for facet in facets} >= {"state", "kind", "truth_class", "verdict"}
    for facet in facets:
        for choice in facet.choices:
            if not choice.current:
                assert results_behind(page, choice.url) == choice.count, choice


def test_the_address_that_the_matches_had_before_leads_to_them(cells: Any, client_for: Any, erin: User) -> None:
    query = f"?evaluation={cells.before.uuid}&threshold=0"
    answer = client_for(erin).get(address("failures") + "cards/" + query)
    assert answer.status_code == 301 and answer["Location"] == address("matches") + query


def test_a_picture_of_the_viewer_holds_all_its_truths_and_the_failures_history(cells: Any, page: Page) -> None:
    boot = page(address("failures") + f"?evaluation={cells.before.uuid}&threshold=0&kind=missed").context["boot"]
    match = boot["matches"][0]
    scene = page(f"{boot['urls']['scene']}&picture={match['item']}&failure={match['failure']}").json()
    assert len(scene["truths"]) == 4
    assert [dot["run"] for dot in scene["history"]] == ["baseline", "larger"]
    assert scene["history"][0]["kind"] == "missed"


def test_a_verdict_is_kept_taken_back_and_counted(cells: Any, client_for: Any, rita: User) -> None:
    client: Client = client_for(rita)
    start = address("failures") + f"?evaluation={cells.before.uuid}&threshold=0&kind=wrong_class"
    boot = client.get(start).context["boot"]
    match = boot["matches"][0]
    url = boot["urls"]["verdict"].replace("00000000-0000-0000-0000-000000000000", match["failure"])
    said = client.post(url, {"kind": "label_error"}, content_type="application/json")
    assert said.json()["kind"] == "label_error"
    after = client.get(start).context
    assert after["judged"] == 1
    assert next(c for c in after["boot"]["matches"] if c["row"] == match["row"])["verdict"] == "label_error"
    assert client.post(url, {"kind": "withdrawn"}, content_type="application/json").json()["kind"] == ""
    assert client.get(start).context["judged"] == 0
    wrong = client.post(url, {"kind": "nonsense"}, content_type="application/json")
    assert wrong.status_code == 400 and "error" in wrong.json()
    assert Failure.objects.get(uuid=match["failure"]).verdicts.count() == 2


def test_a_failure_shows_its_history_over_runs_and_takes_a_verdict(cells: Any, client_for: Any, rita: User) -> None:
    client: Client = client_for(rita)
    occurrence = (
        FailureOccurrence.objects.filter(evaluation=cells.before, kind="missed").select_related("failure").first()
    )
    assert occurrence is not None
    url = address("failure", occurrence.failure.uuid)
    answer = client.get(url)
    assert "baseline" in text(answer) and "larger" in text(answer)
    sent = client.post(address("verdict", occurrence.failure.uuid), {"kind": "ambiguous", "note": "half a cell"})
    assert sent.status_code == 302
    assert "half a cell" in text(client.get(url))


def test_opening_a_result_for_fixing_makes_a_task_with_its_reason(cells: Any, client_for: Any, rita: User) -> None:
    client: Client = client_for(rita)
    boot = client.get(address("failures") + f"?evaluation={cells.before.uuid}&threshold=0").context["boot"]
    answer = client.post(boot["urls"]["fix"], {"row": boot["matches"][0]["row"]}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert re.match(r"/label/[0-9a-f-]+/\?task=[0-9a-f-]+$", answer.json()["url"])


def test_the_preview_shows_what_would_be_taken_and_makes_nothing(cells: Any, page: Page) -> None:
    query = f"?run={cells.first.uuid}&budget=8&control=25&weight_failures=60&weight_uncertain=40"
    answer = page(address("mine_preview") + query)
    assert answer["HX-Replace-Url"].startswith(address("mine"))
    body = text(answer)
    taken = dict(re.findall(r'data-taken="(\w+)">(\d+)<', body))
    assert taken["control"] == "2" and sum(map(int, taken.values())) == 8
    assert body.count('class="tile"') == 8
    assert not MiningRound.objects.exists()


def test_mining_never_takes_from_the_test_split(cells: Any, page: Page) -> None:
    answer = page(address("mine") + f"?run={cells.first.uuid}")
    refused = [source for source, _on in answer.context["sources"] if not source.allowed]
    assert [source.split for source in refused] == ["test"] and refused[0].why_not
    body = text(page(address("mine_preview") + f"?run={cells.first.uuid}&budget=30&weight_failures=100"))
    assert 'alt="test/' not in body and 'aria-label="test/' not in body


def test_the_button_makes_a_queue_and_the_same_page_is_the_report(cells: Any, client_for: Any, erin: User) -> None:
    client: Client = client_for(erin)
    form = {"run": cells.first.uuid, "budget": 6, "control": 30, "weight_failures": 100, "queue": "hard cells"}
    made = client.post(address("mine"), form)
    round_ = MiningRound.objects.get()
    assert made["Location"] == address("round", round_.uuid)
    assert round_.queue and round_.queue.name == "hard cells" and round_.queue.tasks.count() == 6
    answer = client.get(made["Location"])
    assert "wait to be labelled" in text(answer)
    assert "25 %" not in text(answer) and "30 % control" in text(answer)
    stages = answer.context["stages"]
    assert stages[0].mined + stages[0].control == 6
    listed = client.get(address("mining"))
    assert "hard cells" in text(listed) and listed.context["rows"] == [(round_, 0, 6)]
    again = client.post(address("mine"), form)
    assert again["Location"].startswith(address("mine"))
    assert MiningRound.objects.count() == 1


def test_many_predictions_are_previewed_and_mined_by_jobs_that_the_pages_follow(
    cells: Any, client_for: Any, erin: User, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(large, "AT_ONCE", 10)
    client: Client = client_for(erin)
    form = {"run": cells.first.uuid, "budget": 6, "control": 30, "weight_failures": 100}
    before = text(client.get(address("mine_preview"), form))
    assert "data-preview-start" in before and "data-taken" not in before
    begun = client.post(address("mine_preview"), form)
    assert "data-preview-job" in text(begun) and begun["HX-Replace-Url"].startswith(address("mine"))
    assert "data-preview-job" in text(client.get(address("mine_preview"), form))
    run_pending()
    with django_assert_max_num_queries(14):
        found = text(client.get(address("mine_preview"), form))
    assert found.count('class="tile"') == 6 and "data-preview-start" in found
    assert "data-preview-start" in text(client.get(address("mine_preview"), {**form, "seed": 5})), "another request"
    made = client.post(address("mine"), {**form, "queue": "hard cells"})
    assert "job-live" in text(client.get(made["Location"])) and not MiningRound.objects.exists()
    run_pending()
    assert made["Location"] == address("round", MiningRound.objects.get().uuid)
    assert "wait to be labelled" in text(client.get(made["Location"]))
    missed = client.post(address("mine"), {**form, "kind": "duplicate", "seed": 9, "queue": "none"})
    run_pending()
    assert "There is nothing to mine" in text(client.get(missed["Location"]))


ADDRESSES = ["runs", "run", "failures", "matches", "scene", "failure", "mining", "mine", "mine_preview", "round"]


def parts_of(name: str, cells: Any) -> list[Any]:
    return {
        "run": [cells.first.uuid],
        "round": ["00000000-0000-0000-0000-00000000000a"],
        "failure": [Failure.objects.values_list("uuid", flat=True).first()],
    }.get(name, [])


def test_a_stranger_finds_nothing(cells: Any, client_for: Any, charlie: User) -> None:
    client: Client = client_for(charlie)
    for name in ADDRESSES:
        url = address(name, *parts_of(name, cells)) + f"?evaluation={cells.before.uuid}"
        assert client.get(url).status_code == 404, name
    for name in ("fix", "mine"):
        assert client.post(address(name)).status_code == 404, name
    failure = parts_of("failure", cells)[0]
    assert client.post(address("verdict", failure), {"kind": "ambiguous"}).status_code == 404
    assert client.post(address("evaluate", cells.first.uuid)).status_code == 404


def test_a_viewer_looks_but_does_not_judge_or_mine(cells: Any, client_for: Any, victor: User) -> None:
    client: Client = client_for(victor)
    assert client.get(address("failures") + f"?evaluation={cells.before.uuid}").status_code == 200
    failure = parts_of("failure", cells)[0]
    assert client.post(address("verdict", failure), {"kind": "ambiguous"}).status_code == 403
    assert client.post(address("fix") + f"?evaluation={cells.before.uuid}", {}).status_code == 403
    assert client.get(address("mine")).status_code == 403
    assert client.post(address("evaluate", cells.first.uuid)).status_code == 403


def test_a_page_offers_nobody_what_their_role_refuses(cells: Any, client_for: Any, victor: User, erin: User) -> None:
    pages = [address("run", cells.first.uuid), address("run", cells.first.uuid) + "?tab=predictions", address("mining")]
    for url in pages:
        assert address("mine") in text(client_for(erin).get(url)), url
        assert address("mine") not in text(client_for(victor).get(url)), url


def test_a_filter_that_means_nothing_is_refused_by_name(cells: Any, client_for: Any, erin: User) -> None:
    client: Client = client_for(erin)
    for field, value in [("kind", "odd"), ("min_score", "much"), ("truth_class", "x"), ("cell", "1-2")]:
        answer = client.get(address("failures") + f"?evaluation={cells.before.uuid}&{field}={value}")
        assert answer.status_code == 400, field
        assert field in text(answer)


@pytest.mark.parametrize("name", ["runs", "mining"])
def test_a_list_asks_as_often_for_many_rows_as_for_few(
    name: str, cells: Any, client_for: Any, erin: User, django_assert_max_num_queries: Any
) -> None:
    client: Client = client_for(erin)
    client.get(address(name))
    with django_assert_max_num_queries(100) as few:
        client.get(address(name))
    for number in range(6):
        cells.world.run(f"more {number}", cells.version)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(address(name))


def test_old_predictions_are_scored_again_on_a_newer_version(cells: Any, client_for: Any, erin: User) -> None:
    cells.world.correct("test/000.png", ("WBC", (10.0, 10.0, 50.0, 50.0)))
    version = cells.world.publish("corrected")
    client: Client = client_for(erin)
    tab = address("run", cells.first.uuid) + "?tab=predictions"
    assert "Evaluate on cells@v2" in text(client.get(tab))
    sent = cells.before.prediction_set
    client.post(address("evaluate", cells.first.uuid), {"prediction_set": sent.uuid, "version": version.uuid})
    run_pending()
    assert {e.version.number for e in sent.evaluations.all()} == {1, 2}
    assert "Evaluate on cells@v2" not in text(client.get(tab)).split("out of fold")[0]


def test_an_address_that_makes_no_sense_is_answered_in_words(cells: Any, client_for: Any, rita: User) -> None:
    client = client_for(rita)
    for threshold in ("nan", "inf", "much"):
        answer = client.get(address("run", cells.first.uuid) + f"?threshold={threshold}")
        assert answer.status_code == 400 and f"threshold={threshold} is not a" in text(answer)
    failure = Failure.objects.first()
    assert failure is not None
    for sent in ("[]", "7", "{"):
        verdict = client.post(address("verdict", failure.uuid), sent, content_type="application/json")
        assert verdict.status_code == 400 and verdict.json()["code"] == "bad_json"


@pytest.mark.once
def test_the_compare_tab_holds_at_one_threshold_and_says_it(cells: Any, page: Any) -> None:
    run, other = cells.second.uuid, cells.first.uuid
    told = []
    for threshold in ("", "0", "0.7"):
        query = f"tab=compare&with={other}" + (f"&threshold={threshold}" if threshold else "")
        shown = page(f"/p/blood/runs/{run}/?{query}")
        for transitions in (shown.context["transitions"], shown.context["alarms"]):
            for _name, _title, count, url in transitions:
                assert page(url).context["count"] == count, (threshold, url)
        (f1,) = [number for number in shown.context["numbers"] if number.name == "F1"]
        assert f1.low <= f1.value <= f1.high and f1.value == pytest.approx(shown.context["counts"].f1)
        counted = {name: count for name, _title, count, _url in shown.context["transitions"]}
        assert counted["unchanged"] + counted["regressed"] == shown.context["counts"].fn
        text = shown.content.decode()
        assert ("each at its score of best F1" if not threshold else f"both at score ≥ {threshold}") in text
        told.append(counted)
    assert told[1] != told[2]


def test_mining_like_chosen_failures_takes_those_alone_and_names_the_queue_after_them(cells: Any, page: Page) -> None:
    sure = {"kind": "wrong_class", "score__gte": cells.folds.threshold}
    alarm = cells.folds.occurrences.filter(**sure).select_related("failure").first()
    names = {1: "RBC", 2: "WBC", 3: "Platelets"}
    query = f"?run={cells.first.uuid}&failures={alarm.failure.uuid}"
    shown = page(address("mine") + query)
    assert {slider.name: slider.weight for slider in shown.context["sliders"] if slider.weight} == {"failures": 100}
    expected = f"{names[alarm.truth_class]} predicted as {names[alarm.predicted_class]}, baseline"
    assert shown.context["queue"] == expected
    found = page(address("mine_preview") + query + "&budget=30&control=0&weight_failures=100")
    reasons = {candidate.reason["kind"] for candidate in found.context["mined"]}
    assert reasons == {"wrong_class"} and found.context["control_count"] == 0


@pytest.mark.parametrize("budget", ["-5", "99999", "abc", "1.5"])
def test_a_budget_that_is_none_is_refused_in_a_sentence(cells: Any, page: Page, budget: str) -> None:
    query = f"?run={cells.first.uuid}&weight_failures=100&budget={budget}"
    answer = page(address("mine_preview") + query)
    assert "problem" in answer.context and "yields" not in answer.context and "HX-Replace-Url" not in answer.headers
    assert 'max="10000"' in text(page(address("mine") + query)), "the page stands, with the field to be mended"


def test_a_rounds_items_show_the_failure_that_they_were_taken_for(cells: Any, erin: User, page: Page) -> None:
    body = {"run": str(cells.first.uuid), "strategies": {"failures": 1, "uncertain": 1}, "budget": 12, "random": 0}
    asked = request.MiningRequest.from_json(cells.world.project, Caller(erin), body)
    made = rounds.create_round(asked, Caller(erin), queue="drawn")
    tiles = page(address("round", made.uuid)).context["tiles"]
    assert len(tiles) == made.mined_items.count()
    for mined, regions in tiles:
        if mined.failure is not None:
            layers = {region["layer"] for region in regions}
            assert layers == ({"truth"} if mined.reason["kind"] == "missed" else layers) and layers
        for region in regions:
            assert 0 <= region["geometry"][0] <= region["geometry"][2] <= 200


def test_home_and_the_failures_page_open_the_same_run_and_name_it(cells: Any, erin: User, client_for: Any) -> None:
    cells.world.evaluate(cells.world.predict(cells.first, cells.version, "test", {}))  # newer, of the older run
    client = client_for(erin)
    (station,) = [s for s in shell.stations(cells.world.project, erin) if s.name == "failures"]
    opened = client.get(address("failures"), follow=True)
    assert opened.context["evaluation"] == cells.after
    assert str(cells.after.uuid) in (station.figures.url or "") and station.figures.count == opened.context["count"]
    assert '<span class="viewer-run">larger</span>' in text(opened)


def test_the_facets_follow_the_verdicts(cells: Any, page: Page, client_for: Any, rita: User) -> None:
    boot = page(address("failures") + f"?evaluation={cells.before.uuid}").context["boot"]
    facets = boot["urls"]["facets"]

    def verdicts() -> dict[str, tuple[int, str]]:
        views = {view.name: view for view in page(facets).context["facets"]}
        return {choice.title: (choice.count, choice.url) for choice in views["verdict"].choices}

    assert set(verdicts()) == {"no verdict yet"}
    match = boot["matches"][0]
    body = {"kind": "label_error", "evaluation": boot["evaluation"], "row": match["row"]}
    url = boot["urls"]["verdict"].replace("00000000-0000-0000-0000-000000000000", match["failure"])
    assert client_for(rita).post(url, body, content_type="application/json").status_code == 200
    after = verdicts()
    assert set(after) == {"no verdict yet", "label error"}
    for count, opens in after.values():
        assert page(opens).context["count"] == count


def test_two_runs_ticked_in_the_list_are_compared_the_later_against_the_earlier(
    cells: Any, erin: User, client_for: Any
) -> None:
    client, runs = client_for(erin), address("runs")
    both = f"?compare={cells.first.uuid}&compare={cells.second.uuid}"
    shown = client.get(runs + both, follow=True)
    assert shown.context["run"] == cells.second and shown.context["tab"] == "compare"
    assert shown.context["other"] == cells.before
    one = client.get(f"{runs}?compare={cells.first.uuid}")
    assert "checked" in text(one) and 'role="alert"' in text(one)
    assert client.get(f"{runs}?compare=both").status_code == 400
