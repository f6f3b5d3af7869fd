"""Previews and rounds over many predictions: jobs, since each reads all that a run said and no page waits for it.

A preview's result is what REST answers, with what is drawn beside each item; it holds for the moment that it was made.
A round that a job makes has the job's uuid, so its page is there from the first moment on.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from lode_hooks.mining import candidates, rounds
from lode_hooks.mining.request import MiningRequest
from lode_hooks.mining.rounds import Candidate, Preview
from lode_hooks.mining.yields import StrategyYield
from lode_hooks.models import MiningRound
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.errors import Gone
from lode_platform.models import Item, Job, Project, User

PREVIEW, CREATE = "mining.preview", "mining.create"

AT_ONCE = 250_000
"""Items and predictions of a request's sources that are read while somebody waits: well under a second."""


def is_large(request: MiningRequest) -> bool:
    """Whether a page does not wait for a preview or a round. Raises BadInput where there is no source to mine from."""
    chosen = candidates.chosen_sources(request)
    return sum(source.items + source.prediction_set.predictions for source in chosen) > AT_ONCE


def preview(request: MiningRequest, user: User) -> Job:
    """Asks for a preview by a job, unless one of the same request is on its way."""
    last = newest_preview(request)
    if last is not None and last.state in jobs.OPEN:
        return last
    return jobs.enqueue(
        PREVIEW,
        project=request.run.project,
        user=user,
        title=_("Preview of what %(run)s gives to mine") % {"run": request.run.name},
        arguments={"request": request.as_json(), "digest": _digest(request)},
    )


def newest_preview(request: MiningRequest) -> Job | None:
    """The last preview of the same request that was asked for."""
    rows = Job.objects.filter(project=request.run.project_id, verb=PREVIEW, arguments__digest=_digest(request))
    return rows.order_by("-created_at", "-pk").first()


def create(request: MiningRequest, caller: Caller, *, queue: str, name: str = "") -> Job:
    """Asks for a round by a job; `MiningRound.uuid` will be the job's. Raises Conflict as `create_round` does."""
    dataset = candidates.chosen_sources(request)[0].prediction_set.version.dataset
    rounds.refuse_queue(request.run.project, dataset, queue)
    return jobs.enqueue(
        CREATE,
        project=request.run.project,
        user=caller.user,
        title=_("Mine %(run)s into the queue %(queue)s") % {"run": request.run.name, "queue": queue},
        arguments={"request": request.as_json(), "queue": queue, "name": name},
    )


def being_made(project: Project, uuid: UUID) -> Job | None:
    """The job that makes the round of a uuid, or failed to."""
    return Job.objects.filter(project=project, verb=CREATE, uuid=uuid).first()


def carry_out_preview(work: jobs.Work) -> dict[str, Any]:
    """The job of a preview; it writes nothing else, so one that dies is begun again."""
    request, caller = _asked(work)
    found = rounds.preview(request, caller.user, lambda done, words: work.progress(done, rounds.STEPS, words))
    return as_json(found, drawn=True)


def carry_out_create(work: jobs.Work) -> dict[str, Any]:
    """The job of a round; one that died after the round was made finds it."""
    request, caller = _asked(work)
    uuid = work.job.uuid
    made = MiningRound.objects.filter(uuid=uuid).first()
    if made is None:
        given = work.arguments
        made = rounds.create_round(
            request,
            caller,
            queue=given["queue"],
            name=given["name"],
            uuid=uuid,
            tell=lambda done, words: work.progress(done, rounds.STEPS, words),
            within=work.fenced,
        )
        work.step("made")
    return {"round": str(made.uuid), "chosen": made.mined_items.count()}


def _asked(work: jobs.Work) -> tuple[MiningRequest, Caller]:
    project, user = work.job.project, work.job.created_by
    if project is None or user is None:
        raise Gone("Who asked for this, or their project, is no longer there.")
    caller = Caller(user)
    return MiningRequest.from_json(project, caller, work.arguments["request"]), caller


def _digest(request: MiningRequest) -> str:
    return sha256(json.dumps(request.as_json(), sort_keys=True).encode()).hexdigest()


# -- a preview as JSON ------------------------------------------------------------------------------------------------


def as_json(preview: Preview, *, drawn: bool = False) -> dict[str, Any]:
    """What REST answers; with `drawn` the regions of each item too, which pages draw."""
    return {
        "budget": preview.budget,
        "count": preview.total,
        "control": preview.control,
        "strategies": [asdict(part) for part in preview.strategies],
        "notes": preview.notes,
        "by_strategy": {part.strategy: part.taken for part in preview.strategies},
        "available": {part.strategy: part.fitting for part in preview.strategies},
        "results": [_candidate_json(each, drawn=drawn) for each in preview.candidates],
    }


def _candidate_json(candidate: Candidate, *, drawn: bool) -> dict[str, Any]:
    row = {
        "item": str(candidate.item.uuid),
        "path": candidate.item.path,
        "split": candidate.split,
        "strategy": candidate.strategy,
        "arm": candidate.arm,
        "score": candidate.score,
        "reason": candidate.reason,
        "failure": str(candidate.failure) if candidate.failure else None,
    }
    return {**row, "regions": candidate.regions} if drawn else row


def from_json(project: Project, row: Mapping[str, Any]) -> Preview:
    """The preview that a job's result holds, without the items that are gone since."""
    names = [each["item"] for each in row["results"]]
    items = {str(item.uuid): item for item in Item.objects.filter(project=project, uuid__in=names)}
    return Preview(
        candidates=[
            Candidate(
                item=items[each["item"]],
                strategy=each["strategy"],
                arm=each["arm"],
                score=each["score"],
                reason=each["reason"],
                failure=UUID(each["failure"]) if each["failure"] else None,
                regions=each["regions"],
                split=each["split"],
            )
            for each in row["results"]
            if each["item"] in items
        ],
        budget=row["budget"],
        total=row["count"],
        strategies=[StrategyYield(**part) for part in row["strategies"]],
        control=row["control"],
        notes=row["notes"],
    )
