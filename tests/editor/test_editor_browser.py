"""Labelling in a real browser against the real server: the hand, the keys, and nothing lost."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

# One server and one browser serve them all; the server keeps its own SQLite.
pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

BOX = {
    "type": "rectanglelabels",
    "from_name": "label",
    "to_name": "image",
    "original_width": 640,
    "original_height": 480,
    "image_rotation": 0,
}


def box(name: str, label: str, x: float, y: float, width: float, height: float, **more: Any) -> dict[str, Any]:
    """A Label Studio region; coordinates in percent."""
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
    return {**BOX, "id": name, "value": value, **more}


PARCELS_KEPT = """(wanted) => new Promise((done) => {
    const opened = indexedDB.open("motherlode-editor", 1);
    opened.onsuccess = () => {
        const count = opened.result.transaction("outbox").objectStore("outbox").count();
        count.onsuccess = () => { opened.result.close(); done(wanted ? count.result >= wanted : !count.result); };
    };
})"""
"""Whether the browser's own disk holds as many answers that are still to be sent, or, for 0, none."""
JOURNAL_KEPT = """([task, held]) => new Promise((done) => {
    const opened = indexedDB.open("motherlode-editor", 1);
    opened.onsuccess = () => {
        const rows = opened.result.transaction("journal").objectStore("journal").getAll();
        rows.onsuccess = () => {
            opened.result.close();
            const entry = rows.result.find((one) => one.task === task);
            done(Boolean(entry) && entry.result.length === held);
        };
    };
})"""
"""Whether the browser's own disk holds that many regions of a task."""
NEXT_IS_HERE = "async () => (await navigator.locks.query()).held.length >= 2"
"""Whether the task after the one in hand is laid out: the label page holds a lock of the browser on each."""
NEXT_TO_REVIEW_IS_HERE = "() => performance.getEntriesByName('editor:laid').length >= 2"


def taken(page: Any, path: str = "/submit") -> Any:
    """Waits until the server has taken what is sent to such an address; an answer that refuses it is waited out."""
    return page.expect_response(lambda answer: answer.url.endswith(path) and answer.ok)


def labels(result: list[dict[str, Any]]) -> list[str]:
    return [region["value"]["rectanglelabels"][0] for region in result]


def test_a_task_is_labelled_by_mouse_and_keyboard(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    bob.press("2")
    bob.drag(64, 48, 128, 96)
    bob.press("Escape", "1")
    bob.drag(320, 240, 480, 360)
    assert [row.split(", ")[1] for row in bob.rows()] == ["WBC", "RBC"]
    bob.press("Control+z")
    assert len(bob.rows()) == 1
    bob.press("Control+Shift+z", "v", "3", "ArrowRight", "Shift+ArrowDown")
    assert [row.split(", ")[1] for row in bob.rows()] == ["WBC", "Platelets"]
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    first, second = clinic.result(task)
    assert (first["value"]["rectanglelabels"], second["value"]["rectanglelabels"]) == (["WBC"], ["Platelets"])
    assert abs(first["value"]["x"] - 10) < 0.3
    assert abs(first["value"]["height"] - 10) < 0.3
    assert abs(second["value"]["x"] * 6.4 - 321) < 2
    assert abs(second["value"]["y"] * 4.8 - 250) < 2
    assert first["original_width"] == 640


def test_an_armed_tool_draws_over_regions_and_alt_selects_through(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.press("1")
    bob.drag(50, 50, 400, 400)
    bob.drag(100, 100, 200, 200)
    assert len(bob.rows()) == 2
    bob.page.keyboard.down("Alt")
    bob.click(300, 300)
    bob.page.keyboard.up("Alt")
    bob.page.wait_for_selector("[data-region-list] [aria-selected=true][aria-posinset='1']")
    bob.press("Delete")
    assert len(bob.rows()) == 1


def test_regions_are_moved_resized_hidden_and_locked_by_hand(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.press("1")
    bob.drag(100, 100, 200, 200)
    bob.press("v", "Escape")
    bob.click(150, 150)
    bob.drag(150, 150, 250, 170)
    assert "100 × 100" in bob.rows()[0]
    bob.drag(300, 220, 340, 260)
    assert "140 × 140" in bob.rows()[0]
    bob.press("l")
    bob.drag(250, 200, 100, 100)
    bob.press("Delete")
    assert "locked" in bob.rows()[0]
    bob.press("i")
    assert "hidden" in bob.rows()[0]
    bob.press("i", "l", "Delete")
    assert bob.rows() == []


def test_a_step_and_taking_it_back_draw_only_the_row_that_they_change(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.press("1")
    bob.drag(100, 100, 200, 200)
    bob.drag(300, 100, 350, 160)
    rows = bob.page.locator("[data-region-list] [role=option]")
    for keys in (["v", "ArrowRight"], ["Control+z"]):
        rows.nth(1).wait_for()
        rows.evaluate_all("rows => rows.forEach((row) => (row.dataset.stood = ''))")
        bob.press(*keys)
        bob.page.locator("[role=option]:not([data-stood])").wait_for()
        assert rows.count() == 2 and bob.page.locator("[role=option][data-stood]").count() == 1


def test_a_box_can_be_made_and_placed_without_a_mouse(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    task = bob.task
    bob.press("Shift+B", "2", "Shift+ArrowLeft", "Control+ArrowRight", "Enter")
    bob.ready("finished")
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["WBC"]


def test_work_is_found_again_after_a_lost_connection_and_a_reload(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(2)
    bob = seat("bob").label(queue)
    task = bob.task
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.saved("there")
    bob.context.set_offline(True)
    bob.press("Escape", "2")
    bob.drag(300, 200, 400, 300)
    bob.page.wait_for_selector('[data-note="fault"]')
    bob.saved("here")
    bob.page.wait_for_function(JOURNAL_KEPT, arg=[task, 2])
    # The connection is back for the page itself, but the draft never reaches the server before the reload.
    bob.page.route("**/draft", lambda route: route.abort())
    bob.context.set_offline(False)
    bob.page.reload()
    bob.ready()
    assert bob.task == task
    assert [row.split(", ")[1] for row in bob.rows()] == ["RBC", "WBC"]
    bob.page.unroute("**/draft")
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["RBC", "WBC"]


def test_a_submit_without_connection_waits_and_is_sent_when_it_is_back(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(3)
    bob = seat("bob").label(queue)
    task = bob.task
    bob.page.wait_for_function(NEXT_IS_HERE)
    bob.context.set_offline(True)
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    bob.at(2)
    expect(bob.page.locator("[data-saved-words]")).to_contain_text("1 to send")
    bob.page.wait_for_function(PARCELS_KEPT, arg=1)
    # The browser dies with the submit unsent; another page of the same person sends it.
    bob.page.close()
    bob.context.set_offline(False)
    again = bob.context.new_page()
    with taken(again):
        again.goto(f"{clinic.url}/label/{queue}/")
    again.wait_for_selector('[data-face="task"][data-editor]')
    again.wait_for_selector('[data-saved="clean"]')
    assert labels(clinic.result(task)) == ["RBC"]
    assert str(again.locator("[data-progress]").text_content()).startswith("2")


def test_a_lost_answer_makes_no_second_save(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.post_data_json["operation_id"])
        route.fetch()
        route.abort()

    bob.page.route("**/submit", lose)
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    with taken(bob.page) as answered:
        bob.press("Enter")
    assert answered.value.request.post_data_json["operation_id"] == lost[0]
    assert answered.value.json()["annotation"]["revision"] == 1
    bob.saved("clean")
    assert len(clinic.result(task)) == 1


def test_a_second_annotator_never_gets_the_same_task(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(6)
    bob, carol = seat("bob"), seat("carol")
    seen: dict[str, list[str]] = {"bob": [], "carol": []}

    def watch(person: Any) -> None:
        def note(request: Any) -> None:
            if request.url.endswith("/submit"):
                seen[person.who].append(request.url.split("/")[-2])

        person.page.on("request", note)

    for person in (bob, carol):
        watch(person)
        person.label(queue)
    assert bob.task != carol.task
    for person in (bob, carol) * 4:
        if person.page.locator('[data-face="task"]').count():
            person.press("1")
            person.drag(50, 50, 150, 150)
            person.press("Enter")
            person.page.wait_for_selector('[data-face="task"], [data-face="finished"]')
    for person in (bob, carol):
        person.ready("finished")
    assert not set(seen["bob"]) & set(seen["carol"])
    assert len(set(seen["bob"])) + len(set(seen["carol"])) == 6


def test_another_person_at_the_same_browser_is_offered_nothing(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1)
    bob = seat("bob").label(queue)
    bob.page.route("**/draft", lambda route: route.abort())
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.saved("here")
    task = bob.task
    bob.page.wait_for_function(JOURNAL_KEPT, arg=[task, 1])
    bob.page.close()
    clinic.call("DELETE", f"tasks/{task}/lease", who="bob")
    carol = seat("carol", at=bob).label(queue)
    assert carol.task == task
    assert carol.rows() == []


def test_prelabels_are_shown_as_such_and_taken_one_by_one_or_all(clinic: Any, seat: SeatMaker) -> None:
    prelabels = [box("p1", "RBC", 10, 10, 10, 10, score=0.9), box("p2", "WBC", 50, 50, 20, 20, score=0.6)]
    bob = seat("bob").label(clinic.queue(2, prelabels=prelabels, reason={"text": "missed RBC, run baseline"}))
    task = bob.task
    expect(bob.page.locator("[data-reason]")).to_contain_text("missed RBC")
    assert [row.split(", ")[0] for row in bob.rows()] == ["Pre-label", "Pre-label"]
    bob.press("a", "a")
    assert [row.split(", ")[0] for row in bob.rows()] == ["Pre-label", "Region 2"]
    bob.press("Control+z", "Shift+A", "Enter")
    bob.at(2)
    bob.saved("clean")
    first, second = clinic.result(task)
    assert first["meta"]["prediction"] == {"id": "p1", "score": 0.9}
    assert first["origin"] == "prediction"
    assert first["id"] != "p1"
    assert second["value"] == prelabels[1]["value"]
    bob.press("Enter")
    bob.ready("finished")


def test_a_task_on_its_way_to_the_server_is_not_asked_for_again(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(3))
    task = bob.task
    bob.page.wait_for_function(NEXT_IS_HERE)
    with bob.page.expect_request("**/next") as asked:
        bob.press("Enter")
    assert task in asked.value.post_data_json["holding"], "the server may still see it in bob's hands"


def test_a_required_question_is_asked_before_submitting(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1, asks=True))
    task = bob.task
    bob.press("Enter")
    expect(bob.page.locator("[data-notes]")).to_contain_text("must be answered")
    bob.press("4", "Enter")
    bob.ready("finished")
    bob.saved("clean")
    assert clinic.result(task)[0]["value"] == {"choices": ["blurred"]}


def test_one_can_go_back_and_change_what_was_submitted(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    bob.press("u")
    bob.at(1)
    before = clinic.result(task)
    assert len(bob.rows()) == 1
    bob.press("2")
    bob.drag(300, 200, 400, 300)
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    after = clinic.result(task)
    assert after[0] == before[0]
    assert labels(after) == ["RBC", "WBC"]


def test_two_answers_to_one_task_without_connection_stand_on_each_other(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    bob.page.wait_for_function(NEXT_IS_HERE)
    bob.context.set_offline(True)
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    bob.at(2)
    bob.press("u")
    bob.at(1)
    bob.press("2")
    bob.drag(300, 200, 400, 300)
    bob.press("Enter")
    bob.at(2)
    expect(bob.page.locator("[data-saved-words]")).to_contain_text("2 to send")
    bob.context.set_offline(False)
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["RBC", "WBC"]
    assert not bob.page.locator("dialog[open]").count()


def test_a_stale_save_keeps_both_and_asks(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    body = {
        "result": [box("elsewhere", "WBC", 1, 1, 9, 9)],
        "operation_id": str(uuid4()),
        "lead_time": 1,
        "next": False,
    }
    clinic.call("POST", f"tasks/{task}/submit", body, who="bob")
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    dialog = bob.page.locator("dialog[open]")
    dialog.wait_for()
    assert [region["id"] for region in clinic.result(task)] == ["elsewhere"]
    with taken(bob.page):
        dialog.get_by_role("button", name="Save mine on top").click()
    assert labels(clinic.result(task)) == ["RBC"]


def test_work_on_a_task_that_went_to_somebody_else_is_kept_and_said(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(2)
    bob = seat("bob").label(queue)
    task = bob.task
    clinic.call("DELETE", f"tasks/{task}/lease", who="bob")
    theirs = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="carol")
    assert theirs["task"]["id"] == task
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    dialog = bob.page.locator("dialog[open]")
    dialog.wait_for()
    assert "draft that reviewers see" in str(dialog.text_content())
    dialog.get_by_role("button", name="Continue").click()
    bob.ready()


def test_signed_out_in_the_middle_the_work_is_kept_and_sent_after_signing_in(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    cookies = bob.context.cookies()
    bob.context.clear_cookies(name="lode_session")  # the page does not see that it is there again
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    note = bob.page.locator('[data-note="fault"]')
    note.wait_for()
    assert "signed out" in str(note.text_content())
    bob.context.add_cookies(cookies)
    with taken(bob.page):
        note.get_by_role("button", name="Try now").click()
    assert labels(clinic.result(task)) == ["RBC"]


def test_signing_in_again_in_another_tab_sends_what_was_kept(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    bob.context.clear_cookies()
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    note = bob.page.locator('[data-note="fault"]', has_text="signed out")
    note.wait_for()
    with taken(bob.page):
        seat("bob", at=bob)
    assert labels(clinic.result(task)) == ["RBC"]
    note.wait_for(state="hidden")


def test_what_the_project_holds_true_is_the_beginning_and_goes_back_unchanged(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1)
    payload = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="alice")
    regions = [box("a1", "RBC", 12.345678901234567, 10, 33.333333333333336, 12.5), box("a2", "WBC", 50.0, 1e-05, 5, 5)]
    body = {"result": regions, "operation_id": str(uuid4()), "lead_time": 1, "next": False}
    clinic.call("POST", f"tasks/{payload['task']['id']}/submit", body, who="alice")
    name = clinic.call("GET", f"queues/{queue}")["schema"]
    second = clinic.call("POST", "projects/cells/queues", {"name": f"again {queue}", "schema": name, "items": []})
    item = payload["media"]["id"]
    second_id = second["uuid"]
    clinic.call("POST", f"queues/{second_id}/tasks", {"tasks": [{"item": item}]})
    bob = seat("bob").label(second_id)
    task = bob.task
    assert len(bob.rows()) == 2
    with bob.page.expect_request("**/submit") as sent:
        bob.press("Enter")
    assert [region["id"] for region in sent.value.post_data_json["result"]] == ["a1", "a2"]
    bob.ready("finished")
    bob.saved("clean")
    assert [region["id"] for region in clinic.result(task)] == ["a1", "a2"]


def test_a_reviewer_accepts_fixes_and_rejects_by_keyboard(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(3, review=True)
    tasks = []
    for _ in range(3):
        payload = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="bob")
        body = {"result": [box(str(uuid4()), "RBC", 10, 10, 20, 20)], "operation_id": str(uuid4()), "next": False}
        clinic.call("POST", f"tasks/{payload['task']['id']}/submit", body, who="bob")
        tasks.append(payload["task"]["id"])
    rita = seat("rita").review(queue)
    expect(rita.page.locator("[data-annotator]")).to_have_text("bob")
    rita.press("Enter")
    rita.at(2)
    rita.press("r")
    rita.page.keyboard.type("Two cells are missing")
    rita.press("Control+Enter")
    rita.at(3)
    rita.press("e", "j", "2", "Control+Enter")
    rita.ready("finished")
    rita.saved("clean")
    states = [clinic.call("GET", f"tasks/{task}", who="bob")["state"] for task in tasks]
    assert states == ["done", "open", "done"]
    assert labels(clinic.result(tasks[2])) == ["WBC"]
    again = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="bob")
    assert again["task"]["reason"]["text"] == "Two cells are missing"


def test_the_keys_are_listed_and_every_button_has_a_name(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.settled()
    nameless = bob.page.locator("[data-editor] button:visible:not([aria-label]):not(:has-text(' '))").evaluate_all(
        "buttons => buttons.filter(b => !b.textContent.trim()).map(b => b.outerHTML)"
    )
    assert nameless == []
    bob.page.set_viewport_size({"width": 900, "height": 360})
    bob.press("?")
    expect(bob.page.locator("dialog[open]")).to_contain_text("Accept the pre-labels shown")
    assert bob.page.locator("dialog[open]").evaluate("box => [box.scrollTop, box.scrollHeight > box.clientHeight]") == [
        0,
        True,
    ]
    bob.press("Escape")
    bob.page.locator("dialog[open]").wait_for(state="detached")


def test_the_next_picture_is_decoded_before_it_is_needed(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    bob.page.wait_for_function(NEXT_IS_HERE)
    bob.context.set_offline(True)
    bob.press("Enter")
    bob.at(2)
    bob.ready()
    bob.context.set_offline(False)
    bob.saved("clean")


def test_the_lease_is_renewed_while_the_page_is_open(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob")
    bob.page.clock.install()
    bob.label(clinic.queue(1))
    with bob.page.expect_response(f"**/tasks/{bob.task}/lease") as renewed:
        bob.page.clock.fast_forward(210_000)
    assert renewed.value.request.method == "POST"
    assert renewed.value.json()["lease"]["seconds"] > 0


def test_leaving_gives_back_what_was_not_touched(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(2)
    bob = seat("bob").label(queue)
    task = bob.task
    bob.page.locator('[data-command="leave"]').click()
    bob.page.wait_for_url(lambda url: "/label/" not in url)
    # The requests outlive the page that sent them, so the page does not always hear of their answers.
    until = time.monotonic() + 30
    while clinic.held(queue):
        assert time.monotonic() < until, "what nobody touched is still held"
        time.sleep(0.05)
    assert clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="carol")["task"]["id"] == task


def test_a_page_for_a_task_that_somebody_else_has_says_so_and_shows_the_next(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(2)
    theirs = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="carol")["task"]["id"]
    bob = seat("bob")
    bob.page.goto(f"{clinic.url}/label/{queue}/?task={theirs}")
    bob.page.wait_for_selector("[data-shown]")
    assert bob.task != theirs
    bob.page.get_by_text("Somebody else has this task now.").first.wait_for()


def test_a_task_with_work_on_it_is_not_given_back(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1)
    bob = seat("bob").label(queue)
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.page.locator('[data-command="leave"]').click()
    bob.page.wait_for_url(lambda url: "/label/" not in url)
    assert clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="carol") is None


def test_strangers_and_those_who_may_not_label_see_no_editor(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1)
    bob = seat("bob")
    assert bob.page.goto(f"{clinic.url}/label/{uuid4()}/").status == 404
    assert bob.page.goto(f"{clinic.url}/review/{queue}/").status == 403


def test_a_fault_of_the_server_is_said_and_the_submit_is_sent_again(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    answer, told = 500, []

    def fail(route: Any) -> None:
        if answer:
            route.fulfill(status=answer, json={"error": "The queue is for others now.", "code": "forbidden"})
        else:
            route.continue_()

    bob.page.route("**/submit", fail)
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    for words, then in (("The server reported an error", 403), ("The queue is for others now", 0)):
        note = bob.page.locator('[data-note="fault"]', has_text=words)
        note.wait_for()
        told.append(str(note.text_content()))
        answer = then
    assert all("kept" in words for words in told)
    with taken(bob.page):
        note.get_by_role("button", name="Try now").click()
    assert labels(clinic.result(task)) == ["RBC"]


def test_work_that_is_not_allowed_any_more_holds_up_no_other_queue(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    shut = bob.task
    not_allowed = {"error": "Your role here does not allow this.", "code": "forbidden"}
    bob.context.route(f"**/{shut}/submit", lambda route: route.fulfill(status=403, json=not_allowed))
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    fault = bob.page.locator('[data-note="fault"]', has_text="does not allow")
    fault.wait_for()
    bob.label(clinic.queue(1))
    task = bob.task
    bob.press("2")
    bob.drag(60, 60, 160, 160)
    with taken(bob.page, f"/{task}/submit"):
        bob.press("Enter")
    assert labels(clinic.result(task)) == ["WBC"]
    bob.page.wait_for_selector('[data-face="finished"]')
    fault.wait_for()
    bob.context.unroute(f"**/{shut}/submit")
    with taken(bob.page, f"/{shut}/submit"):
        fault.get_by_role("button", name="Try now").click()
    assert labels(clinic.result(shut)) == ["RBC"]
    fault.wait_for(state="hidden")


def test_a_task_that_is_gone_leaves_the_work_with_its_author(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    gone = {"error": "There is no such task.", "code": "not_found"}
    bob.page.route("**/submit", lambda route: route.fulfill(status=404, json=gone))
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    dialog = bob.page.locator("dialog[open]")
    dialog.wait_for()
    assert "There is no such task" in str(dialog.text_content())
    bob.page.reload()
    dialog.wait_for()
    with bob.page.expect_download() as saved:
        dialog.get_by_role("button", name="Save it to a file").click()
    assert "RBC" in saved.value.path().read_text()


def test_a_skipped_task_can_be_taken_up_again(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    with taken(bob.page, "/skip"):
        bob.press("s")
    bob.at(2)
    bob.press("u")
    bob.at(1)
    bob.press("2")
    bob.drag(50, 50, 150, 150)
    with taken(bob.page):
        bob.press("Enter")
    assert labels(clinic.result(task)) == ["WBC"]


def test_a_prelabel_put_aside_stays_aside_after_a_reload(clinic: Any, seat: SeatMaker) -> None:
    prelabels = [box("p1", "RBC", 10, 10, 10, 10, score=0.9), box("p2", "WBC", 50, 50, 20, 20, score=0.6)]
    bob = seat("bob").label(clinic.queue(1, prelabels=prelabels))
    bob.page.route("**/draft", lambda route: route.abort())
    bob.press("a", "Delete")
    assert len(bob.rows()) == 1
    bob.page.wait_for_function(JOURNAL_KEPT, arg=[bob.task, 0])
    bob.page.reload()
    bob.ready()
    assert [row.split(", ")[1] for row in bob.rows()] == ["WBC"]


# What picture had been in sight for a moment whenever Enter was pressed, also just after a page began.
ENTER_IS_NOTED = """
addEventListener("keydown", (event) => {
  const seen = document.querySelector("[data-editor]")?.dataset.seen;
  if (event.key !== "Enter" || !seen) return;
  const noted = JSON.parse(localStorage.getItem("test.seen") ?? "[]");
  localStorage.setItem("test.seen", JSON.stringify([...noted, seen]));
}, true);
"""


def test_after_offline_work_and_a_reload_no_answer_is_taken_for_a_picture_not_on_the_screen(
    clinic: Any, seat: SeatMaker
) -> None:
    tries = 12
    queue = clinic.queue(2 * tries + 12)
    bob = seat("bob")
    bob.page.add_init_script(ENTER_IS_NOTED)
    bob.label(queue)
    shown: list[str] = []
    sent: list[str] = []
    bob.page.on(
        "request", lambda request: sent.append(request.url.split("/")[-2]) if "/submit" in request.url else None
    )

    def hand_in() -> None:
        """Enter, pressed again and again until the picture in sight has been handed in."""
        bob.seen()
        shown.append(bob.page.locator("[data-editor]").get_attribute("data-shown"))
        bob.page.keyboard.press("Enter")
        bob.page.keyboard.press("Enter")

    for _ in range(tries):
        bob.page.wait_for_function(NEXT_IS_HERE)
        bob.context.set_offline(True)
        before = len(shown)
        hand_in()
        bob.page.wait_for_selector(':is([data-face="task"], [data-face="stuck"], [data-face="broken"])')
        if bob.page.locator('[data-editor][data-face="task"]').count():
            hand_in()
        bob.page.wait_for_selector(':is([data-face="stuck"], [data-face="broken"])')
        bob.page.wait_for_function(PARCELS_KEPT, arg=len(shown) - before)
        bob.context.set_offline(False)
        bob.page.goto(f"{clinic.url}/label/{queue}/", wait_until="commit")
        bob.page.keyboard.press("Enter")
        bob.ready()
        assert bob.page.locator("[data-face-of=waiting]").is_hidden()
        assert not bob.page.locator("dialog[open]").count(), bob.page.locator("dialog[open]").text_content()
    bob.page.wait_for_function(PARCELS_KEPT, arg=0)
    assert len(set(shown)) == len(shown) > tries, "a picture came twice"
    seen = set(bob.page.evaluate("JSON.parse(localStorage.getItem('test.seen'))"))
    assert set(shown) <= set(sent) <= seen, "an answer was taken for a picture that was not on the screen"


def test_the_box_just_drawn_is_what_keys_speak_of(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.press("1")
    bob.drag(100, 100, 200, 200)
    bob.press("3", "Shift+ArrowRight")
    (row,) = bob.rows()
    assert "Platelets" in row
    bob.press("Control+z", "Control+z", "Control+z")
    assert bob.rows() == []
    bob.press("Control+Shift+z", "2")
    assert "WBC" in bob.rows()[0]
    bob.press("Delete")
    assert bob.rows() == []


def test_boxes_are_copied_on_a_picture_and_to_the_next(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    bob.press("2")
    bob.drag(100, 100, 200, 200)
    bob.press("Control+c", "Control+v", "Control+d")
    assert len(bob.rows()) == 3
    bob.press("Control+z", "Enter")
    bob.at(2)
    bob.press("Control+v")
    assert ["WBC" in row for row in bob.rows()] == [True]
    bob.saved("there")
    first, second = clinic.result(task)
    assert first["id"] != second["id"] and first["value"]["x"] < second["value"]["x"]


def test_emptying_a_picture_is_said_and_can_be_undone_after_submitting(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    bob.page.reload()
    bob.ready()
    bob.page.goto(f"{bob.page.url}?task={task}")
    bob.at(1)
    bob.press("Control+a", "Delete", "Enter")
    bob.at(2)
    echo = bob.page.locator(".ed-note", has_text="1 region removed: submitted as empty.")
    echo.get_by_role("button", name="Undo").click()
    bob.at(1)
    assert len(bob.rows()) == 1
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["RBC"]


def test_a_bouncing_or_held_enter_hands_in_nothing_unseen(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob")
    bob.page.clock.install()
    bob.label(clinic.queue(4))
    bob.page.wait_for_function(NEXT_IS_HERE)
    bob.seen()
    bob.page.clock.pause_at(bob.page.evaluate("() => Date.now() + 30_000"))  # a time that is surely still to come
    sent: list[str] = []
    bob.page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/submit") else None)
    for _ in range(6):
        bob.page.keyboard.press("Enter")
    bob.at(2)
    bob.page.clock.run_for(400)
    bob.page.keyboard.down("Enter")
    bob.at(3)
    bob.page.clock.run_for(400)
    bob.page.keyboard.down("Enter")  # still down: the browser says that the key repeats
    bob.page.keyboard.up("Enter")
    bob.at(3)
    bob.page.clock.resume()
    assert bob.page.locator(".ed-note", has_text="Submitted.").count() == 1
    bob.saved("clean")
    assert len(set(sent)) == 2


def test_the_failure_that_caused_a_task_is_outlined_and_w_goes_there(clinic: Any, seat: SeatMaker) -> None:
    caused = {"text": "missed RBC", "failure_url": "/p/cells/failures/x/", "box": [300, 200, 340, 240]}
    bob = seat("bob").label(clinic.queue(1, reason=caused))
    bob.page.locator(".ed-cause[d^=M]").wait_for(state="attached")
    before = bob.page.locator("[data-zoom]").text_content()
    bob.press("w")
    bob.page.wait_for_function("(was) => document.querySelector('[data-zoom]').textContent !== was", arg=before)
    assert not bob.page.locator("[data-reason].is-plain").count()
    bob.label(clinic.queue(1, reason={"text": "check: cells"}))
    assert bob.page.locator("[data-reason].is-plain").count()
    bob.press("w")
    bob.page.locator(".ed-note", has_text="No failure caused this task.").wait_for()


def test_a_prediction_in_question_is_not_taken_with_the_others(clinic: Any, seat: SeatMaker) -> None:
    wrong = box("p2", "WBC", 50, 50, 20, 20, score=0.6, meta={"questioned": True})
    bob = seat("bob").label(clinic.queue(1, prelabels=[box("p1", "RBC", 10, 10, 10, 10, score=0.9), wrong]))
    task = bob.task
    bob.press("Shift+A", "a", "a")
    assert [row.split(", ")[0] for row in bob.rows()] == ["Pre-label in question", "Region 2"]
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["RBC"]


def handed_in(clinic: Any, queue: str, *results: list[dict[str, Any]]) -> list[str]:
    """Bob's answers to the next tasks of a queue; the tasks."""
    tasks = []
    for result in results:
        payload = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="bob")
        body = {"result": result, "operation_id": str(uuid4()), "next": False}
        clinic.call("POST", f"tasks/{payload['task']['id']}/submit", body, who="bob")
        tasks.append(payload["task"]["id"])
    return tasks


def test_a_verdict_is_echoed_and_u_takes_it_back(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(3, review=True)
    tasks = handed_in(clinic, queue, *([box(str(uuid4()), "RBC", 10, 10, 20, 20)] for _ in range(3)))
    rita = seat("rita").review(queue)
    expect(rita.page.locator("[data-progress]")).to_have_text("1 of 3 waiting")
    rita.press("Enter")
    rita.page.locator(".ed-note", has_text="Accepted bob's answer.").wait_for()
    rita.at(2)
    rita.saved("clean")
    assert clinic.call("GET", f"tasks/{tasks[0]}")["state"] == "done"
    rita.press("u")
    rita.at(1)
    assert clinic.call("GET", f"tasks/{tasks[0]}")["state"] == "submitted"
    rita.press("e", "j", "2", "Control+Enter")
    rita.at(2)
    rita.saved("clean")
    assert labels(clinic.result(tasks[0])) == ["WBC"]
    rita.press("u")
    rita.at(1)
    assert "WBC" in rita.rows()[0], "the fix goes on where it was"
    rita.press("Control+Enter")
    rita.at(2)
    rita.press("Enter")
    rita.at(3)
    rita.press("Enter")
    rita.ready("finished")
    assert not rita.page.locator("[data-progress], [data-annotator], [data-changes]").filter(visible=True).count()
    rita.press("u")
    rita.ready()
    rita.at(3)
    rita.saved("clean")
    assert [clinic.call("GET", f"tasks/{task}")["state"] for task in tasks] == ["done", "done", "submitted"]
    assert labels(clinic.result(tasks[0])) == ["WBC"]


def test_a_verdict_not_yet_sent_is_taken_back_without_a_connection(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(2, review=True)
    tasks = handed_in(clinic, queue, *([box(str(uuid4()), "RBC", 10, 10, 20, 20)] for _ in range(2)))
    rita = seat("rita").review(queue)
    rita.page.wait_for_function(NEXT_TO_REVIEW_IS_HERE)
    rita.page.route("**/review", lambda route: None)
    rita.press("Enter")
    rita.at(2)
    rita.press("Enter")
    rita.ready("finished")
    rita.press("u")
    rita.ready()
    rita.at(2)
    rita.page.locator("[data-saved-words]", has_text="1 to send").wait_for()
    assert [clinic.call("GET", f"tasks/{task}")["state"] for task in tasks] == ["submitted", "submitted"]


def test_a_reviewer_sees_what_the_annotator_changed(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1)
    held = [box("a", "RBC", 10, 10, 9, 9), box("b", "RBC", 30, 30, 9, 9), box("c", "RBC", 60, 60, 9, 9)]
    (task,) = handed_in(clinic, queue, held)
    schema, name = clinic.call("GET", f"queues/{queue}")["schema"], f"checked {queue}"
    review = clinic.call("POST", "projects/cells/queues", {"name": name, "schema": schema, "items": [], "review": True})
    item = clinic.call("GET", f"tasks/{task}")["item"]
    clinic.call("POST", f"queues/{review['uuid']}/tasks", {"tasks": [{"item": item}]})
    handed_in(clinic, review["uuid"], [held[0], box("b", "RBC", 32, 30, 9, 9), box("d", "WBC", 80, 10, 9, 9)])
    rita = seat("rita").review(review["uuid"])
    expect(rita.page.locator("[data-changes]")).to_have_text("1 new, 1 moved, 1 removed")
    assert [row.split(", ")[2] for row in rita.rows()[:2]] == ["moved", "new"]


def test_u_goes_back_to_answers_from_before_a_reload(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(3))
    task = bob.task
    bob.press("u")
    bob.page.locator(".ed-note", has_text="You have not answered anything before this").wait_for()
    bob.press("2")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    bob.at(2)
    bob.press("s")
    bob.at(3)
    bob.saved("clean")
    bob.page.reload()
    bob.at(3)
    bob.press("u")
    bob.at(2)
    bob.page.locator(".ed-note", has_text="Back at a task you skipped.").wait_for()
    bob.press("u")
    bob.at(1)
    assert "WBC" in bob.rows()[0]
    bob.press("j", "1", "Enter")
    bob.at(2)
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["RBC"]


def test_a_reviewer_with_a_phone_reaches_every_verdict(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1, review=True)
    (task,) = handed_in(clinic, queue, [box("r", "RBC", 10, 10, 20, 20)])
    rita = seat("rita")
    rita.page.set_viewport_size({"width": 390, "height": 700})
    rita.review(queue)
    rita.settled()
    edges = rita.page.locator(".ed-bottom button:visible, .ed-top button:visible").evaluate_all(
        "buttons => buttons.map(button => button.getBoundingClientRect().right)"
    )
    assert max(edges) <= 390
    rita.seen()
    rita.page.locator('[data-command="review.reject"]').click()
    rita.page.locator("[data-comment]").fill("One is missing")
    rita.page.locator('[data-command="review.reject"]').click()
    rita.ready("finished")
    rita.saved("clean")
    assert clinic.call("GET", f"tasks/{task}")["state"] == "open"


@pytest.mark.parametrize("answer", [500, 503, "abort", "empty", "html"])
def test_whatever_answers_in_the_servers_place_nothing_is_lost_or_falsely_saved(
    clinic: Any, seat: SeatMaker, answer: int | str
) -> None:
    bob = seat("bob").label(clinic.queue(2))
    task = bob.task

    def other(route: Any) -> None:
        if answer == "abort":
            route.abort()
        elif answer == "empty":
            route.fulfill(status=200, body="")
        elif answer == "html":
            route.fulfill(status=200, content_type="text/html", body="<p>Welcome to our network</p>")
        else:
            route.fulfill(status=answer, body="<h1>Bad gateway</h1>")

    bob.page.route("**/api/v1/**", other)
    bob.press("2")
    bob.drag(50, 50, 150, 150)
    bob.press("Enter")
    bob.page.locator('[data-note="fault"]', has_text="1 submit is kept here").wait_for()
    bob.saved("here")
    assert clinic.result(task) == []
    with taken(bob.page):
        bob.page.unroute("**/api/v1/**")  # it is sent again by itself
    bob.at(2)
    bob.saved("clean")
    assert labels(clinic.result(task)) == ["WBC"]
