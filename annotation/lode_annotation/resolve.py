"""What the answers to a task come to: the one verb between annotations and label set.

Asked once a place at the task was closed. While a place is open nothing comes of any answer. The last one decides: with
a review rule the answers wait for the reviewer, without one they become the label set, by the queue's consensus where
there are several; what does not come to one waits for a reviewer as well.
Answers to a honeypot come to nothing but its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lode_annotation import estimates, review_rules
from lode_annotation.agreement.matching import scale_of
from lode_annotation.consensus import DAWID_SKENE, Known, Undecided, links, merge
from lode_annotation.models import LabelSet, Task
from lode_annotation.queue_context import QueueContext
from lode_annotation.rules import rules_from, translated
from lode_annotation.statements.answers import AnswerRow, Standing
from motherlode.regions import BadRegion, as_result, from_result
from motherlode.relations import is_relation


@dataclass(frozen=True, slots=True)
class Voice:
    """One person's answer to a task, in the words of the queue's revision of the schema."""

    revision_id: int
    annotation: UUID
    revision: int
    user: str
    result: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What becomes the item's label set: a Label Studio result, the revision it comes from (of several the last), and
    the votes where it was made of several."""

    result: Sequence[dict[str, Any]]
    revision_id: int
    source: str = LabelSet.Source.ANNOTATION.value
    votes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state that a task is in after an answer, and the truth where the answers came to one."""

    state: Task.State
    truth: Truth | None = field(default=None)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked of anybody."""
        return self.state in (Task.State.DONE, Task.State.SKIPPED)


def resolve(context: QueueContext, row: AnswerRow, mine: Voice | None, standing: Standing) -> Outcome:
    """What comes of a task now that the person's place at it is closed; ``mine`` is their answer, None for a skip.

    In the transaction of the answer, which holds the task where several answer it: the last one sees all others.
    """
    if standing.open_places:
        return Outcome(Task.State.OPEN)
    voices = _voices(context, mine, standing)
    if not voices:
        return Outcome(Task.State.SKIPPED)
    if row.is_honeypot:
        return Outcome(Task.State.DONE)
    if is_reviewed(context, row, voices):
        return Outcome(Task.State.SUBMITTED)
    if len(voices) == 1:
        return Outcome(Task.State.DONE, Truth(voices[0].result, voices[0].revision_id))
    try:
        return Outcome(Task.State.DONE, _consensus(context, row, voices))
    except Undecided:
        return Outcome(Task.State.SUBMITTED)


def is_reviewed(context: QueueContext, row: AnswerRow, voices: Sequence[Voice]) -> bool:
    """Whether a reviewer decides about the answers of a task that all who were asked have given."""
    queue = context.queue
    if not queue.review or not queue.review_rule:
        return bool(queue.review)
    asked = context.rules.asked
    try:
        answers = [from_result(_drawn(voice), row.media, asked) for voice in voices]
    except BadRegion:
        answers = None
    given = review_rules.Given(row.task_id, [voice.user for voice in voices], asked, answers, scale_of(row.media))
    return review_rules.asks(queue.review_rule, given)


def _voices(context: QueueContext, mine: Voice | None, standing: Standing) -> list[Voice]:
    """All answers, in the order in which they were given."""
    found = [mine] if mine else []
    for other in standing.others or ():
        result = other["result"]
        if other["controls"] is not None:
            result = translated(result, rules_from(other["made_under"], other["controls"]), context.rules)
        found.append(Voice(other["id"], UUID(other["annotation"]), other["revision"], other["user"], result))
    return sorted(found, key=lambda voice: voice.revision_id)


def _drawn(voice: Voice) -> list[dict[str, Any]]:
    return [entry for entry in voice.result if not is_relation(entry)]


def _links(voice: Voice) -> list[dict[str, Any]]:
    return [entry for entry in voice.result if is_relation(entry)]


def _consensus(context: QueueContext, row: AnswerRow, voices: Sequence[Voice]) -> Truth:
    """Raises ``Undecided``."""
    asked = context.rules.asked
    try:
        answers = [from_result(_drawn(voice), row.media, asked) for voice in voices]
    except BadRegion as error:  # made under a revision whose labels this one no longer has, or of another picture
        raise Undecided(str(error)) from None
    known = Known(
        people=[voice.user for voice in voices],
        scale=scale_of(row.media),
        estimates=estimates.newest(context.queue.id) if context.queue.consensus == DAWID_SKENE else {},
        merged=context.merged,
    )
    said, votes = merge(context.queue.consensus, asked, answers, known)
    # as somebody gave it, where all agree or the last one counts, so that no number is written again
    same = (voice for voice, answer in zip(reversed(voices), reversed(answers), strict=True) if answer == said)
    as_given = next(same, None)
    result = _drawn(as_given) if as_given else as_result(said, row.media, asked)
    result += links(context.queue.consensus, [_links(voice) for voice in voices], {region.id for region in said})
    given = [{"annotation": str(voice.annotation), "revision": voice.revision, "user": voice.user} for voice in voices]
    kept = {"consensus": context.queue.consensus, "answers": given, "votes": votes}
    return Truth(result, voices[-1].revision_id, LabelSet.Source.CONSENSUS.value, kept)
