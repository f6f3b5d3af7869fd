"""Predictors over HTTP in the words of Label Studio's ML backends, and what may be asked over HTTP at all."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from lode_annotation.assist.models import AssistantUse, Predictor
from lode_annotation.assist.prelabelling import is_left_out
from lode_annotation.models import Queue, Schema, Task
from lode_platform import outgoing, shared_media
from lode_platform.errors import BadInput
from lode_platform.models import Item, Job, Project, User
from lode_platform.outgoing import Unanswered

BOX = {"x": 10, "y": 20, "width": 30, "height": 25, "rotation": 0, "rectanglelabels": ["RBC"]}
REGION = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": BOX}


class Backend:
    """A backend that answers one box an item, and one that no schema has; ``asked`` is what it was sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(None)

            def do_POST(self) -> None:
                self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def reply(self, body: Any) -> None:
                backend.asked.append((self.path, body))
                status, said = backend.answer(self.path, body)
                data = json.dumps(said).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", said)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        if path in self.answers:
            return self.answers[path]
        if path == "/health":
            return 200, {"status": "UP"}
        if path == "/setup":
            return 200, {"model_version": "cells-7"}
        other = {**REGION, "value": {**BOX, "rectanglelabels": ["no such label"]}}
        one = {"result": [{**REGION, "score": 0.75}, other], "score": 0.5, "model_version": "cells-7"}
        return 200, {"results": [one for _task in body["tasks"]]}


@pytest.fixture
def backend(settings: LazySettings) -> Iterator[Backend]:
    settings.PRIVATE_HOSTS = frozenset({"127.0.0.1"})
    made = Backend()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def added(backend: Backend, schema: Schema, api: Callable[..., Any], erin: User) -> Callable[..., Any]:
    """``added(interactive=True)``: the backend, added as a predictor."""

    def add(**more: Any) -> Any:
        return api(erin).post(f"schemas/{schema.uuid}/predictors", {"name": "cells", "url": backend.url, **more})

    return add


def test_a_predictor_is_told_the_schema_and_pre_labels_tasks(
    backend: Backend, added: Any, make_queue: Any, api: Any, erin: User, run_jobs: Callable[[], int], schema: Schema
) -> None:
    made = added()
    assert (made.status_code, made.json()["model_version"]) == (201, "cells-7")
    assert [path for path, _body in backend.asked] == ["/health", "/setup"]
    assert "<RectangleLabels" in backend.asked[1][1]["schema"]
    queue: Queue = make_queue(4)
    api(erin).post(f"queues/{queue.uuid}/prelabels", {"predictor": made.json()["uuid"]})
    run_jobs()
    assert Job.objects.latest("pk").state == "succeeded", Job.objects.latest("pk").error
    for task in Task.objects.filter(queue=queue):
        found = [(one["value"], one["score"], one["model_version"]) for one in task.prelabels]
        assert found == ([] if is_left_out(task) else [(BOX, 0.75, "cells-7")])  # what the schema lacks is left out
    path, body = backend.asked[-1]
    assert path == "/predict" and body["params"]["context"] is None and "<RectangleLabels" in body["label_config"]
    [address] = body["tasks"][0]["data"].values()
    seen: Any = Client().get(address.removeprefix("http://testserver"))
    assert seen.status_code == 200 and b"".join(seen.streaming_content).startswith(b"\x89PNG")
    assert api(erin).get(f"schemas/{schema.uuid}/predictors").json()[0]["fault"] == ""


def test_a_click_is_answered_by_a_predictor_and_one_that_fails_is_said_to(
    backend: Backend, added: Any, make_queue: Any, api: Any, bob: User
) -> None:
    added(interactive=True)
    queue = make_queue(1)
    task = Task.objects.get(queue=queue)
    click = {"control": "label", "label": "RBC", "x": 32, "y": 12}
    assert api(bob).post(f"queues/{queue.uuid}/assist").json()["on"] is True
    answer = api(bob).post(f"tasks/{task.uuid}/assist", click).json()
    assert answer["predictor"] == "cells" and [one["value"] for one in answer["result"]] == [BOX]
    [mark] = backend.asked[-1][1]["params"]["context"]["result"]
    assert mark["value"] == {"x": 50, "y": 25, "width": 0.5, "keypointlabels": ["RBC"]}
    assert AssistantUse.objects.get().assistant == "predictor"
    backend.answers["/predict"] = (500, "broken")
    refused = api(bob).post(f"tasks/{task.uuid}/assist", click)
    assert (refused.status_code, refused.json()["code"]) == (409, "unanswered")
    assert "answered 500" in Predictor.objects.get().fault


@pytest.mark.parametrize("said", [{"results": []}, {"results": "x"}, [], "x", None, {"results": [{"result": 7}] * 4}])
def test_an_answer_that_is_none_breaks_nothing(
    backend: Backend, added: Any, make_queue: Any, api: Any, erin: User, run_jobs: Callable[[], int], said: Any
) -> None:
    made, queue = added().json(), make_queue(3)
    backend.answers["/predict"] = (200, said)
    api(erin).post(f"queues/{queue.uuid}/prelabels", {"predictor": made["uuid"]})
    run_jobs()
    job = Job.objects.latest("pk")
    assert job.state == "failed" and "one result a task" in job.error
    assert all(task.prelabels == [] for task in Task.objects.filter(queue=queue))


def test_a_private_address_is_refused_unless_the_operator_names_its_host(
    backend: Backend, added: Any, settings: LazySettings
) -> None:
    settings.PRIVATE_HOSTS = frozenset()
    answer = added()
    assert (answer.status_code, answer.json()["code"]) == (400, "address_refused")
    assert "MOTHERLODE_PRIVATE_HOSTS" in answer.json()["error"] and backend.asked == []
    assert added(url="file:///etc/passwd").json()["field"] == "url"
    assert added(url="http://user:word@127.0.0.1/").json()["field"] == "url"


def test_a_redirect_is_checked_as_the_first_address_is(backend: Backend) -> None:
    backend.answers["/health"] = (302, f"http://localhost:{backend.server.server_port}/setup")
    with pytest.raises(BadInput, match="localhost lies at"):
        outgoing.ask("GET", f"{backend.url}/health", seconds=5)
    assert [path for path, _body in backend.asked] == ["/health"]
    backend.answers["/health"] = (302, f"{backend.url}/health")
    with pytest.raises(Unanswered, match="TooManyRedirects"):
        outgoing.ask("GET", f"{backend.url}/health", seconds=5)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert outgoing.is_public(address) is public


def test_a_link_to_bytes_ends_and_cannot_be_made_up(project: Project, make_items: Any) -> None:
    [item] = make_items(project, 1)
    path = shared_media.link(item).removeprefix("http://testserver")
    assert Client().get(path).status_code == 200
    assert Client().get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
    Item.objects.filter(pk=item.pk).update(trashed_at=item.created_at)
    assert Client().get(path).status_code == 404


def test_a_stranger_finds_no_predictor_and_an_annotator_removes_none(
    added: Any, api: Any, bob: User, charlie: User, erin: User
) -> None:
    address = f"predictors/{added().json()['uuid']}"
    assert api(charlie).delete(address).status_code == 404
    assert api(bob).delete(address).status_code == 403
    assert added().json()["code"] == "name_taken"
    assert api(erin).delete(address).status_code == 204
    assert not Predictor.objects.exists()
