"""A world in a process of its own, so that a test can kill it or crowd it: ``python world.py VERB ... [+ VERB ...]``.

Its home and database are the environment's (``MOTHERLODE_HOME``, ``DATABASE_URL``); what it finds it prints as JSON.
"""

import json
import os
import sys
import threading
import time
from typing import Any
from uuid import UUID, uuid4

import django

os.environ["MOTHERLODE_ALLOWED_HOSTS"] = "testserver"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from lode_annotation import import_parts, queues, schema_migrations, schemas  # noqa: E402
from lode_annotation.models import Annotation, LabelSet, Lease, Queue  # noqa: E402
from lode_platform import jobs  # noqa: E402
from lode_platform.callers import Caller  # noqa: E402
from lode_platform.models import Blob, Item, Job, Membership, Project, Role, User  # noqa: E402
from motherlode.labeling_config import build  # noqa: E402

PART = 400


def migrate() -> dict[str, Any]:
    """Makes the tables, where no copy brought them."""
    call_command("migrate", verbosity=0, skip_checks=True)
    return {}


def made(verb: str, items: int, people: int) -> Project:
    """A project with an owner, ``people`` annotators and ``items`` items without bytes."""
    owner = User.objects.create(username="owner")
    project = Project.objects.create(name=verb, created_by=owner)
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    for number in range(people):
        user = User.objects.create(username=f"worker-{number}")
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
    blobs = Blob.objects.bulk_create(Blob(md5=uuid4().hex, sha256=uuid4().hex * 2, size=1) for _ in range(items))
    Item.objects.bulk_create(
        Item(
            project=project,
            blob=blob,
            path=f"{number:05d}.png",
            path_fold=f"{number:05d}.png",
            media_type="image/png",
            width=64,
            height=48,
            created_by=owner,
        )
        for number, blob in enumerate(blobs)
    )
    return project


def import_of(project: Project, items: list[Item]) -> Job:
    """An import of three boxes an item, sent and finished; nothing has run yet, and a half is staged as it came."""
    owner = project.created_by
    entry = import_parts.begin(project, Caller(owner), uuid=UUID(int=1), schema="cells")
    for number, start in enumerate(range(0, len(items), PART)):
        lines = []
        for place, item in enumerate(items[start : start + PART]):
            labels = "abc" if place % 2 else "aaa"  # the schema has but the first of them
            regions = [
                {"kind": "box", "label": label, "box": [n + 0.5, n + 0.5, n + 20.25, n + 11.0]}
                for n, label in enumerate(labels)
            ]
            lines.append(json.dumps({"path": item.path, "labelled": True, "regions": regions}))
        import_parts.put_part(Caller(owner), entry.uuid, number, "\n".join(lines).encode())
    return import_parts.finish(Caller(owner), entry.uuid)


def prepare(items: int) -> dict[str, Any]:
    project = made("faults", items, 1)
    schemas.create_schema(project, Caller(project.created_by), name="cells", config=build(["a"], "boxes"))
    import_of(project, list(Item.objects.order_by("pk")))
    return {}


def work() -> dict[str, Any]:
    """Does the jobs that are due, as the next worker would once the dead one's lease has passed."""
    Job.objects.filter(state="running").update(lease_until=None, state="queued")
    return {"did": jobs.run_pending()}


def merge() -> dict[str, Any]:
    """The class c goes into a."""
    schema = Project.objects.get().schemas.get()
    schemas.revise(schema, Caller(schema.created_by), config=build(["a", "b"], "boxes"), merges={"c": "a"})
    return {}


def undo() -> dict[str, Any]:
    """The newest revision is undone."""
    schema = Project.objects.get().schemas.get()
    schema_migrations.undo(schemas.latest(schema), Caller(schema.created_by))
    return {}


def label(path: str) -> dict[str, Any]:
    """A person labels that item."""
    project = Project.objects.get()
    schema = project.schemas.get()
    queue = queues.create_queue(project, Caller(project.created_by), name=path, schema=schema)
    queues.add_tasks(queue, Caller(project.created_by), [queues.TaskSpec(item=Item.objects.get(path=path))])
    return {"status": one_round(Client(), User.objects.get(username="worker-0"), queue)}


def one_round(client: Client, user: User, queue: Queue) -> int:
    client.force_login(user)
    task = post(client, f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    return int(post(client, f"tasks/{task}/submit", answer()).status_code)


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def answer(**more: Any) -> dict[str, Any]:
    value = {"x": 1, "y": 2, "width": 30, "height": 40, "rectanglelabels": ["a"]}
    region = {"id": str(uuid4()), "from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": value}
    return {"result": [region], "operation_id": str(uuid4()), "lead_time": 1, **more}


def look() -> dict[str, Any]:
    """What anybody can see of what the newest job did."""
    job = Job.objects.latest("pk")
    shown = LabelSet.objects.current()
    return {
        "state": job.state,
        "error": job.error,
        "result": job.result,
        "attempts": job.attempts,
        "visible": shown.count(),
        "rows": LabelSet.objects.count(),
        "sources": {row.item.path: row.source for row in shown.select_related("item").exclude(source="import")},
        "digests": sorted(shown.values_list("item__path", "digest")),
    }


def crowd(tasks: int, people: int) -> dict[str, Any]:
    """All people ask and answer at once until nothing is left; tells who was handed what."""
    project = made("crowd", tasks, people)
    owner = project.created_by
    schema = schemas.create_schema(project, Caller(owner), name="cells", config=build(["a"], "boxes"))
    queue = queues.create_queue(project, Caller(owner), name="all", schema=schema)
    queues.add_tasks(queue, Caller(owner), [queues.TaskSpec(item=item) for item in Item.objects.order_by("pk")])
    handed: dict[str, list[str]] = {}
    wrong: list[str] = []
    gate = threading.Barrier(people)

    def labour(user: User) -> None:
        client = Client()
        client.force_login(user)
        mine = handed.setdefault(user.username, [])
        gate.wait()
        try:
            got = post(client, f"queues/{queue.uuid}/next", {})
            while got.status_code == 200 and (payload := got.json().get("next", got.json())):
                mine.append(payload["task"]["id"])
                body = answer(next=True) if len(mine) % 2 else answer()
                got = post(client, f"tasks/{mine[-1]}/submit", body)
                if got.status_code == 200 and not body.get("next"):
                    got = post(client, f"queues/{queue.uuid}/next", {})
            if got.status_code not in (200, 204):
                wrong.append(f"{got.status_code} {got.content!r}")
        finally:
            connection.close()

    threads = [threading.Thread(target=labour, args=(user,)) for user in User.objects.exclude(username="owner")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [task for tasks_of in handed.values() for task in tasks_of]
    return {
        "handed": len(every),
        "distinct": len(set(every)),
        "answers": Annotation.objects.count(),
        "label_sets": LabelSet.objects.current().count(),
        "open": Lease.objects.filter(closed=False).count(),
        "wrong": wrong,
    }


def same_items(queue_count: int, tasks: int, people: int) -> dict[str, Any]:
    """Queues over the same items, each with people of its own who answer all at once; tells what was refused."""
    project = made("same", tasks, people)
    owner = project.created_by
    schema = schemas.create_schema(project, Caller(owner), name="cells", config=build(["a"], "boxes"))
    every = [queues.TaskSpec(item=item) for item in Item.objects.order_by("pk")]
    made_queues = [
        queues.create_queue(project, Caller(owner), name=f"queue {number}", schema=schema)
        for number in range(queue_count)
    ]
    for queue in made_queues:
        queues.add_tasks(queue, Caller(owner), every)
    refused: list[str] = []
    gate = threading.Barrier(people)

    def labour(user: User, queue: Queue) -> None:
        client = Client()
        client.force_login(user)
        gate.wait()
        try:
            payload = post(client, f"queues/{queue.uuid}/next", {}).json()
            while payload:
                got = post(client, f"tasks/{payload['task']['id']}/submit", answer(next=True))
                if got.status_code != 200:
                    refused.append(f"{got.status_code} {got.content!r}")
                    return
                payload = got.json()["next"]
        finally:
            connection.close()

    workers = User.objects.exclude(username="owner").order_by("pk")
    threads = [
        threading.Thread(target=labour, args=(user, made_queues[number % queue_count]))
        for number, user in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "refused": refused,
        "answers": Annotation.objects.filter(state="accepted").count(),
        "label_sets": LabelSet.objects.count(),
        "current": LabelSet.objects.current().count(),
    }


def label_on(items: int, people: int) -> dict[str, Any]:
    """People label while an import of ``items`` items is sent and done beside them; tells how they fared."""
    project = made("busy", items, people)
    owner = project.created_by
    schema = schemas.create_schema(project, Caller(owner), name="cells", config=build(["a", "b", "c"], "boxes"))
    other = schemas.create_schema(project, Caller(owner), name="other", config=build(["a"], "boxes"))
    queue = queues.create_queue(project, Caller(owner), name="all", schema=other)
    every = list(Item.objects.order_by("pk"))
    queues.add_tasks(queue, Caller(owner), [queues.TaskSpec(item=item) for item in every[:2000]])
    over, begun = threading.Event(), threading.Event()
    waits: list[float] = []
    wrong: list[str] = []

    def labour(user: User) -> None:
        client = Client()
        client.force_login(user)
        try:
            got = post(client, f"queues/{queue.uuid}/next", {})
            payload = got.json()
            while not over.is_set():
                began = time.monotonic()
                got = post(client, f"tasks/{payload['task']['id']}/submit", answer(next=True))
                waits.append(time.monotonic() - began)
                begun.set()
                if got.status_code != 200:
                    wrong.append(f"{got.status_code} {got.content!r}")
                    return
                payload = got.json()["next"]
        finally:
            connection.close()

    threads = [threading.Thread(target=labour, args=(user,)) for user in User.objects.exclude(username="owner")]
    for thread in threads:
        thread.start()
    begun.wait(60)
    before = len(waits)
    import_of(project, every)
    jobs.run_pending()
    during = len(waits) - before
    over.set()
    for thread in threads:
        thread.join()
    return {
        "during": during,
        "state": Job.objects.get().state,
        "visible": LabelSet.objects.current().filter(schema=schema).count(),
        "answers": Annotation.objects.filter(state="accepted").count(),
        "waits": sorted(waits),
        "wrong": wrong,
    }


VERBS = {
    "migrate": migrate,
    "prepare": prepare,
    "work": work,
    "merge": merge,
    "undo": undo,
    "label": label,
    "look": look,
    "crowd": crowd,
    "same_items": same_items,
    "label_on": label_on,
}

if __name__ == "__main__":
    told: dict[str, Any] = {}
    for words in " ".join(sys.argv[1:]).split(" + "):
        verb, *given = [int(word) if word.isdigit() else word for word in words.split()]
        told |= VERBS[verb](*given)  # type: ignore[operator,index]
    print(json.dumps(told))
