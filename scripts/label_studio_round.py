"""Sends a folder that `lode convert` wrote to a real Label Studio, exports it there, and compares what both say.

    LABEL_STUDIO_API_KEY=... python scripts/label_studio_round.py http://127.0.0.1:8080 FOLDER

Label Studio runs in an environment of its own (`pip install label-studio`), started with
`LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true`, `LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true` and
`LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=FOLDER`. Compared are the results of all annotations, skips, ground truths and
lead times; ids, people's numbers and times are its own, and its import leaves drafts out.
Exit code 1 where they differ. The project is left there, to be looked at.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from label_studio_sdk import LabelStudio


def main(url: str, folder: Path) -> int:
    client = LabelStudio(base_url=url, api_key=os.environ["LABEL_STUDIO_API_KEY"])
    settings = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    there = {user.email for user in client.users.list()}
    for person in json.loads((folder / "users.json").read_text(encoding="utf-8")):
        if "@" in person["email"] and person["email"] not in there:
            client.users.create(email=person["email"], username=person["email"])
    for row in (row for task in tasks for row in task["annotations"]):
        if "@" not in row["completed_by"]["email"]:  # Label Studio knows people by their mail, others as the key's own
            del row["completed_by"]
    project = client.projects.create(title=settings["title"], label_config=settings["label_config"])
    if (folder / "media").is_dir():  # texts stand in the tasks
        client.import_storage.local.create(project=project.id, path=str(folder / "media"), use_blob_urls=True)
    answer = client.projects.import_tasks(id=project.id, request=tasks, return_task_ids=True)
    print(f"project {project.id}: {answer.task_count} tasks, {answer.annotation_count} annotations taken")
    back = [json.loads(task.json()) for task in client.tasks.list(project=project.id, fields="all")]
    differ = 0
    for what, one, other in (
        ("tasks", len(tasks), len(back)),
        ("annotations", said(tasks), said(back)),
        ("entries by type", types(tasks), types(back)),
    ):
        same = one == other
        differ += not same
        shown = one if isinstance(one, int | Counter) else len(one)
        print(f"{what}: {'equal' if same else 'DIFFERENT'} ({shown if same else f'{one} there {other}'})")
    return 1 if differ else 0


def said(tasks: list[dict[str, Any]]) -> list[str]:
    return sorted(
        json.dumps([row["result"], bool(row.get("was_cancelled")), bool(row.get("ground_truth")), row.get("lead_time")])
        for task in tasks
        for row in task["annotations"]
    )


def types(tasks: list[dict[str, Any]]) -> "Counter[str]":
    return Counter(entry["type"] for task in tasks for row in task["annotations"] for entry in row["result"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
