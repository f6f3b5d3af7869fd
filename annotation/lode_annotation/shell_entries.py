"""What this room tells the shell: Schemas, Queues, Review, what is to do, the current labels of an item."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lode_annotation import class_filter, comments
from lode_annotation.models import Annotation, LabelSet, Lease, Queue, Review, Schema, Task, Vote
from lode_annotation.review import MOST_WAITING, waiting
from lode_annotation.rules import asks_of
from lode_platform import said, shell
from lode_platform.access import permits, role_in
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn, drawn, linked
from lode_platform.models import Item, ItemQuerySet, PastFile, Project, User
from lode_platform.paging import AtLeast, bounded, newer
from lode_platform.templatetags.lode import class_color


def waiting_answers(project: Project, user: User) -> int:
    """The answers of the project that wait for this reviewer; `AtLeast` where there are more than anybody counts."""
    keys = list(Queue.objects.filter(project=project).order_by("-pk").values_list("pk", flat=True))
    count = 0
    for start in range(0, len(keys), 100):
        counts = [row.count for row in waiting(user, keys[start : start + 100]).values()]
        count += sum(counts)
        if count > MOST_WAITING or any(isinstance(one, AtLeast) for one in counts):
            return AtLeast(MOST_WAITING)
    return count


def my_tasks(project: Project, user: User) -> Iterable[shell.ToDo]:
    """The open queues that are for this person, with tasks that nobody else holds."""
    role = role_in(project, user)
    if not permits(Caller(user), role, "queue.label"):
        return
    now = timezone.now()
    free = Q(user=None) | Q(user=user) | Q(until__lte=now)
    for queue in (
        Queue.objects.filter(project=project, state=Queue.State.OPEN).for_member(user, role).order_by("-created_at")
    ):
        # a place at a task is a task here: one has as many as people are asked for it, and nobody gets two
        places = Lease.objects.filter(free, queue=queue, closed=False)
        mine = Lease.objects.filter(queue=queue, user=user, closed=True).values("task")
        tasks = Task.objects.filter(pk__in=places.values("task")).exclude(pk__in=mine)
        count = bounded(places if queue.overlap == 1 else tasks)
        if not count:
            continue
        title = ngettext("task in “%(queue)s”", "tasks in “%(queue)s”", count) % {"queue": queue.name}
        if queue.kind == Queue.Kind.MICRO:
            title = ngettext("question in “%(queue)s”", "questions in “%(queue)s”", count) % {"queue": queue.name}
            yield shell.ToDo(
                title, count, reverse("annotation:vote", args=[queue.uuid]), icon="checkbox", action=say("Vote")
            )
            continue
        url = reverse("annotation:label", args=[queue.uuid])
        yield shell.ToDo(title, count, url, icon="tag", action=say("Label next"))


def my_reviews(project: Project, user: User) -> Iterable[shell.ToDo]:
    """The answers that wait for my verdict."""
    if not permits(Caller(user), role_in(project, user), "annotation.review"):
        return
    count = waiting_answers(project, user)
    if count:
        title = ngettext("answer to review", "answers to review", count)
        yield shell.ToDo(title, count, reverse("annotation:review_list", args=[project.name]), icon="eye-check")


def my_returned(project: Project, user: User) -> Iterable[shell.ToDo]:
    """Answers of mine that a reviewer sent back, by queue."""
    back = Annotation.objects.filter(
        user=user, state=Annotation.State.REJECTED, task__state=Task.State.OPEN, task__queue__project=project
    ).exclude(task__queue__state=Queue.State.CLOSED)
    counted = dict(back.order_by().values_list("task__queue").annotate(n=Count("pk")))
    for queue in Queue.objects.filter(pk__in=counted).order_by("-created_at"):
        count = counted[queue.pk]
        title = ngettext("answer returned from “%(queue)s”", "answers returned from “%(queue)s”", count)
        url = reverse("annotation:label", args=[queue.uuid])
        yield shell.ToDo(title % {"queue": queue.name}, count, url, icon="arrow-back-up", action=say("Open it"))


def my_late(project: Project, user: User) -> Iterable[shell.ToDo]:
    """Work of mine that came too late and is kept as a draft."""
    late = Annotation.objects.filter(task__queue__project=project, user=user, lost_at__isnull=False).count()
    if late:
        title = ngettext("late answer, kept as a draft", "late answers, kept as drafts", late)
        yield shell.ToDo(title, late, reverse("annotation:queues", args=[project.name]), icon="clock-pause")


def labels_figures(project: Project, user: User) -> shell.Figures:
    """Current label sets, and how many were added in the last day."""
    rows = LabelSet.objects.current().filter(schema__in=_schemas(project))
    return shell.Figures(bounded(rows), newer(rows, timezone.now() - timedelta(days=1)))


def has_labels(project: Project) -> bool:
    """Whether any item of the project is labelled."""
    return LabelSet.objects.current().filter(schema__project=project).exists()


def queue_figures(project: Project, user: User) -> shell.Figures:
    """Open tasks, and how many were added in the last day."""
    rows = Task.objects.filter(queue__project=project, state=Task.State.OPEN)
    count = bounded(rows)
    if isinstance(count, AtLeast):  # too many to sort: looked through from the newest on
        queues = Queue.objects.filter(project=project)
        own: Q | Exists = Exists(queues.filter(pk=OuterRef("queue")))
        if connection.vendor == "postgresql":
            own = Q(queue__in=list(queues.values_list("pk", flat=True)))
        rows = Task.objects.filter(own, state=Task.State.OPEN)
    return shell.Figures(count, newer(rows, timezone.now() - timedelta(days=1)))


def item_history(item: Item, user: User) -> Iterable[shell.History]:
    """Answers, verdicts and label sets of an item."""
    project = item.project.name
    answers = Annotation.objects.filter(task__item=item, revision__gt=0).select_related("user", "task__queue")
    for answer in answers:
        text = say("%(state)s in “%(queue)s”") % {
            "state": answer.get_state_display(),
            "queue": answer.task.queue.name,
        }
        url = reverse("annotation:queue", args=[project, answer.task.queue.uuid])
        yield shell.History(answer.updated_at, text, answer.user, url, icon="tag")
    reviews = (
        Review.objects.standing()
        .filter(annotation__task__item=item)
        .select_related("reviewer", "annotation__task__queue")
    )
    for review in reviews:
        text = say("review: %(verdict)s") % {"verdict": review.get_verdict_display()}
        if review.comment:
            text = f"{text}: {review.comment}"
        url = reverse("annotation:queue", args=[project, review.annotation.task.queue.uuid])
        yield shell.History(review.created_at, text, review.reviewer, url, icon="eye-check")
    for comment in comments.on_item(item, Caller(user)):
        text = say("comment %(n)s: %(text)s") % {"n": comment.number, "text": comment.text}
        url = reverse("annotation:task", args=[project, comment.annotation.task.uuid])
        yield shell.History(comment.created_at, text, comment.author, url, icon="info-circle")
    decided = Vote.objects.filter(task__item=item, undone=False).exclude(outcome="")
    for vote in decided.select_related("task__micro", "task__queue"):
        words = {"question": vote.task.micro.text, "outcome": vote.get_outcome_display()}
        page = reverse("annotation:queue", args=[project, vote.task.queue.uuid])
        url = f"{page}?{urlencode({'q': item.path})}#questions"
        text = say("micro-task: %(question)s %(outcome)s") % words
        yield shell.History(vote.created_at, text, None, url, icon="checkbox")
    sets = LabelSet.objects.filter(item=item, staged_by=None).select_related("schema", "created_by")
    outgrown = set(sets.current().outgrown().values_list("pk", flat=True))
    for row in sets:
        words = {"schema": row.schema.name, "what": _what(row), "source": row.get_source_display()}
        text = say("labels under “%(schema)s”: %(what)s (%(source)s)") % words
        if row.pk in outgrown:
            text = say("%(labels)s; to check: the picture has been resized since") % {"labels": text}
        url = reverse("annotation:schema", args=[project, row.schema.name])
        yield shell.History(row.created_at, text, row.created_by, url, icon="tags")


def _what(row: LabelSet) -> str:
    """How many regions, answers and relations a label set has, in words."""
    regions, answers, links = len(row.regions), len(row.answers), len(row.relations)
    said = [ngettext("%(n)s region", "%(n)s regions", regions) % {"n": regions}] if regions or not answers else []
    said += [ngettext("%(n)s answer", "%(n)s answers", answers) % {"n": answers}] if answers else []
    said += [ngettext("%(n)s relation", "%(n)s relations", links) % {"n": links}] if links else []
    return ", ".join(said)


def item_layers(items: Sequence[Item], user: User) -> Mapping[int, Sequence[Drawn]]:
    """The current regions of each item, in the colours of their classes."""
    found: dict[int, list[Drawn]] = {}
    keys = [item.pk for item in items]
    rows = LabelSet.objects.current().filter(item__in=keys).select_related("schema_revision")
    for row in rows:
        names, asks = row.schema_revision.class_names, asks_of(row.schema_revision.controls)
        regions: list[Drawn] = []
        for region in row.regions:
            of_class = region["class_id"]
            name, color = names.get(of_class, str(of_class)), class_color(of_class)
            regions += drawn(region, label=name, color=color, asks=asks.get(of_class))
        found.setdefault(row.item_id, []).extend(linked(regions, row.relations, row.regions, names, class_color))
    return found


def item_labels(item: Item, user: User) -> Iterable[shell.Labelled]:
    """What each current label set says: its answers under their controls, and the links between its regions."""
    rows = LabelSet.objects.current().filter(item=item).select_related("schema", "schema_revision")
    may_edit = item.trashed_at is None and permits(Caller(user), role_in(item.project, user), "schema.edit")
    for row in rows.order_by("schema__name"):
        names = row.schema_revision.class_names
        links = said.links(row.relations, row.regions, names)
        url = reverse("annotation:schema", args=[item.project.name, row.schema.name])
        answers, attributes = said.answers(row.answers, names), said.attributes(row.regions, names)
        form = reverse("annotation:schema_edit", args=[item.project.name, row.schema.name])
        acts = [(say("Use as an example"), f"{form}?example={item.uuid}#guidelines")] if may_edit else []
        yield shell.Labelled(row.schema.name, url, len(row.regions), answers, links, attributes, acts)


def labelled_choices(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    """Labelled or not, under any schema, or to be looked at again."""
    check = _("to check: resized")
    return [("yes", _("labelled")), ("no", _("unlabelled")), ("check", check)]


def by_labelled(rows: ItemQuerySet, value: str, project: Project) -> ItemQuerySet:
    """The items that have, or have not, a current label set, or one made for a picture of another size."""
    sets = LabelSet.objects.current().filter(item=OuterRef("pk"), schema__in=_schemas(project))
    if value == "check":
        resized = PastFile.objects.filter(resized=True, item__project=project).values("item")
        return rows.filter(Exists(sets.outgrown()), pk__in=resized)
    return rows.filter(Exists(sets)) if value == "yes" else rows.filter(~Exists(sets))


def labelled_keys(value: str, project: Project) -> QuerySet[Any, Any] | None:
    """The labelled items, or those whose picture was resized; no index holds the unlabelled ones."""
    if value == "check":
        return PastFile.objects.filter(resized=True, item__project=project).values_list("item", flat=True)
    sets = LabelSet.objects.current().filter(schema__in=_schemas(project))
    return sets.values_list("item", flat=True) if value == "yes" else None


def _schemas(project: Project) -> list[int]:
    """Named one by one, so that an item is looked up in the index of each schema's current label sets."""
    return list(Schema.objects.filter(project=project).values_list("pk", flat=True))


def queue_choices(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    """The project's queues, newest first."""
    rows = Queue.objects.filter(project=project).order_by("-created_at")[:50]
    return [(str(row.uuid), row.name) for row in rows]


def by_queue(rows: ItemQuerySet, value: str, project: Project) -> ItemQuerySet:
    """The items that are in a queue."""
    queue = Queue.objects.filter(project=project, uuid=value).first()
    return rows.filter(Exists(Task.objects.filter(item=OuterRef("pk"), queue=queue))) if queue else rows.none()


def queue_keys(value: str, project: Project) -> QuerySet[Any, Any]:
    """The items of a queue's tasks."""
    return Task.objects.filter(queue__project=project, queue__uuid=value).values_list("item", flat=True)


def recent_queues(project: Project, user: User) -> Iterable[shell.History]:
    """The newest queues, and when their last task was done."""
    queues = list(Queue.objects.filter(project=project).select_related("created_by").order_by("-created_at")[:6])
    named = Queue.objects.filter(pk__in=[queue.pk for queue in queues])
    done = named.exclude(Exists(Task.objects.filter(queue=OuterRef("pk"), state=Task.State.OPEN)))
    tasks = Task.objects.filter(queue__in=list(done.values_list("pk", flat=True))).order_by()
    over = {queue: last for queue, last in tasks.values_list("queue").annotate(last=Max("finished_at")) if last}
    for queue in queues:
        url = reverse("annotation:queue", args=[project.name, queue.uuid])
        asked = ngettext("queue “%(queue)s”: %(n)d task", "queue “%(queue)s”: %(n)d tasks", queue.size)
        words = {"queue": queue.name, "n": queue.size}
        yield shell.History(queue.created_at, asked % words, queue.created_by, url, icon="list-check")
        if queue.pk in over:
            yield shell.History(over[queue.pk], say("queue “%(queue)s” is done") % words, None, url, icon="checks")


def named_so(project: Project, user: User, text: str) -> Iterable[shell.Found]:
    """The schemas and queues whose name holds the text."""
    for schema in Schema.objects.filter(project=project, name__icontains=text).order_by("name")[: shell.MAX_FOUND]:
        url = reverse("annotation:schema", args=[project.name, schema.name])
        yield shell.Found(say("schema"), schema.name, url, "tags")
    for queue in Queue.objects.filter(project=project, name__icontains=text).order_by("-created_at")[: shell.MAX_FOUND]:
        url = reverse("annotation:queue", args=[project.name, queue.uuid])
        yield shell.Found(say("queue"), queue.name, url, "list-check")


def register() -> None:
    """Called once, when the application is ready."""
    shell.entry(
        name="schemas", title=_("Schemas"), icon="tags", url="annotation:schemas", group="label", order=20, key="s"
    )
    shell.entry(
        name="queues", title=_("Queues"), icon="list-check", url="annotation:queues", group="label", order=30, key="q"
    )
    shell.entry(
        name="review",
        title=_("Review"),
        icon="eye-check",
        url="annotation:review_list",
        group="label",
        order=40,
        key="v",
        badge=waiting_answers,
        verb="annotation.review",
    )
    shell.entry(
        name="agreement",
        title=_("Agreement"),
        icon="users",
        url="annotation:agreement",
        group="label",
        order=45,
        verb="queue.label",
    )
    shell.step(
        "schema",
        order=20,
        title=_("Create a schema"),
        why=_("It defines what can be labelled: regions, whole items or both, and the names of their classes."),
        action=_("New schema"),
        url="annotation:schema_new",
        verb="schema.edit",
        done=lambda project: Schema.objects.filter(project=project).exists(),
    )
    shell.step(
        "queue",
        order=30,
        title=_("Open a queue"),
        why=_("It hands items to annotators, one at a time."),
        action=_("New queue"),
        url="annotation:queue_new",
        verb="queue.manage",
        done=lambda project: Queue.objects.filter(project=project).exists() or has_labels(project),
    )
    shell.step(
        "label",
        order=40,
        title=_("Label items"),
        why=_("Answers are saved as you work. Labels can be imported instead."),
        action=_("Choose a queue"),
        url="annotation:queues",
        verb="queue.label",
        done=has_labels,
    )
    shell.station(
        "labels", title=_("Labels"), icon="tag", order=20, url="platform:items", figures=labels_figures, tone="truth"
    )
    shell.station(
        "queue", title=_("Queue"), icon="list-check", order=60, url="annotation:queues", figures=queue_figures
    )
    shell.to_do(my_returned)
    shell.to_do(my_tasks)
    shell.to_do(my_reviews)
    shell.to_do(my_late)
    shell.item_history(item_history)
    shell.search(named_so)
    shell.recent_activity(recent_queues)
    shell.item_layers(item_layers)
    shell.item_labels(item_labels)
    shell.item_filter(
        name="labelled", title=_("Labels"), choices=labelled_choices, apply=by_labelled, among=labelled_keys
    )
    shell.item_filter(name=class_filter.NAME, title=_("Class"), choices=class_filter.choices, apply=class_filter.apply)
    shell.item_filter(name="queue", title=_("Queue"), choices=queue_choices, apply=by_queue, among=queue_keys)
