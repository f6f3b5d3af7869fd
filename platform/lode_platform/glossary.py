"""The words of the screens, each in plain English: the page behind `?`, and docs/glossary.md."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Word:
    """One word: what it means, what others call it, and where it is seen."""

    name: Text
    meaning: Text
    synonyms: Text
    seen: Text


GLOSSARY = (
    Word(
        _("project"),
        _("People, items, schemas, queues, datasets and runs that belong together; nothing is shared across projects."),
        _("workspace, team"),
        _("Projects, and the switcher at the top left"),
    ),
    Word(
        _("invitation"),
        _("A link by which people join a project with a role, until it has been used, ends or is revoked."),
        _("invite, sign-up link"),
        _("Settings of a project"),
    ),
    Word(
        _("item"),
        _("One thing to label, such as an image: its bytes, a path that is unique in the project, and its metadata."),
        _("image, sample, example, asset, data row"),
        _("Items"),
    ),
    Word(
        _("media"),
        _("What an item's bytes are: an image with its width and height, or a text with its length."),
        _("modality, data type, asset type"),
        _("Items, and the filter Medium"),
    ),
    Word(
        _("group"),
        _("What several items have in common, such as a patient, a scene or a video; a group is never split."),
        _("cluster, subject, sequence"),
        _("Items"),
    ),
    Word(
        _("schema"),
        _("What may be said of an item: the classes, and the question each belongs to. A change is a new revision."),
        _("labeling config, ontology, taxonomy, label map"),
        _("Schemas"),
    ),
    Word(
        _("guideline"),
        _("What counts as a class and what does not: a text, and examples, which are items or parts of them."),
        _("labeling instructions, annotation rules"),
        _("A schema's page; the book beside a label"),
    ),
    Word(
        _("control"),
        _("One question of a schema, with classes of its own: boxes to draw, a class or a number of the whole item."),
        _("labeling tool, attribute, question"),
        _("Schemas, and the palette of the editor"),
    ),
    Word(
        _("class"),
        _("One label that a schema offers. Its id is permanent, whatever it is renamed to."),
        _("label, category, tag"),
        _("Schemas, and the palette of the editor"),
    ),
    Word(
        _("region"),
        _("One thing marked in an item, such as a box, with its class. It keeps its id through edits and versions."),
        _("annotation (COCO), bounding box, object, instance"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("mask"),
        _("A region that is a set of pixels, painted with a brush: it may have holes and several parts."),
        _("segmentation mask, brush, RLE"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("span"),
        _("A region that is part of a text, from one character to another; spans may overlap."),
        _("entity (NER), mention, highlight"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("skeleton"),
        _("A region that is named points and the edges between them; each point is visible, hidden or not labelled."),
        _("pose, keypoints (COCO), landmarks"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("answer"),
        _("What is said of an item as a whole under a control, such as its class; also what a person submits."),
        _("classification, image-level label, choice"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("attribute"),
        _("What is said of a region beside its class: answers that are asked per region, or what an import brought."),
        _("property, per-region label, tag"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("relation"),
        _("A directed link between two regions, with a class where the schema names some: a wheel is part of a car."),
        _("link, edge, relationship"),
        _("Label, Review, an item's page"),
    ),
    Word(
        _("queue"),
        _("Ordered work for annotators: items to label under one schema, with the reason why they were chosen."),
        _("labeling project, batch, job (CVAT)"),
        _("Queues"),
    ),
    Word(
        _("task"),
        _("An item in a queue, with its reason and perhaps with pre-labels to start from."),
        _("assignment, labeling task"),
        _("Label"),
    ),
    Word(
        _("pre-label"),
        _("A prediction of a model that a task starts with; the annotator accepts, changes or dismisses it."),
        _("pre-annotation, suggestion, model-assisted label"),
        _("Label"),
    ),
    Word(
        _("annotation"),
        _("One person's answer to a task. Every save is a new revision, and none is overwritten."),
        _("labeling result, submission"),
        _("Label, an item's history"),
    ),
    Word(
        _("review"),
        _("A second person accepts, fixes or rejects an annotation."),
        _("quality assurance, adjudication"),
        _("Review"),
    ),
    Word(
        _("comment"),
        _("What somebody says of an answer, pinned to a region or a place of it; open until it is resolved."),
        _("issue, annotation thread"),
        _("Label, Review, a task's page"),
    ),
    Word(
        _("overlap"),
        _("How many people answer each task of a queue; their answers meet in a consensus or at a reviewer."),
        _("replicas, annotations per task"),
        _("Queues"),
    ),
    Word(
        _("consensus"),
        _("One label set made of several people's answers, by votes that it keeps."),
        _("label fusion, aggregation, adjudication"),
        _("A task's page"),
    ),
    Word(
        _("confusion"),
        _("How often a person says each class of things that truly are of a class, estimated from a queue's answers."),
        _("error rates, annotator reliability"),
        _("A task's page"),
    ),
    Word(
        _("agreement"),
        _("How far people give the same answers to the same tasks, beyond what chance would give."),
        _("inter-annotator agreement, IAA"),
        _("Agreement"),
    ),
    Word(
        _("honeypot"),
        _("A task whose right answer is known: how people answer it is compared, and never becomes a label set."),
        _("gold task, control question"),
        _("Queues, Agreement"),
    ),
    Word(
        _("micro-task"),
        _("A yes or no question about one label, put to several people until the answer is sure enough."),
        _("verification task, microtask, binary question, HIT (Mechanical Turk)"),
        _("Queues, and a phone"),
    ),
    Word(
        _("vote"),
        _("One person's answer to a micro-task: yes, no or unsure. Nobody votes twice on the same question."),
        _("judgment, response"),
        _("Queues, and a phone"),
    ),
    Word(
        _("label set"),
        _(
            "What the project takes as true of an item, from an annotation, a consensus or an import; empty: nothing is"
            " there."
        ),
        _("ground truth, gold labels"),
        _("An item's page"),
    ),
    Word(
        _("dataset"),
        _("A selection of items with a schema and split ratios, from which versions are published."),
        _("collection, data view"),
        _("Datasets"),
    ),
    Word(
        _("version"),
        _("A snapshot of a dataset that never changes: items, labels and splits; its digest proves it."),
        _("release, snapshot, revision, tag"),
        _("A dataset's page"),
    ),
    Word(
        _("split"),
        _("What an item is for in a version: train, val or test. It is decided once and stays."),
        _("partition, fold, subset"),
        _("A version's page"),
    ),
    Word(
        _("pool"),
        _("The items of a dataset that nobody has labelled yet; nothing is evaluated on them."),
        _("unlabelled pool (active learning)"),
        _("A version's page, mining"),
    ),
    Word(
        _("alias"),
        _("A name for a version that can be moved to another, such as cells@production."),
        _("stage, movable tag"),
        _("A dataset's page"),
    ),
    Word(
        _("yank"),
        _("To take a version back: latest passes over it and those who pinned it are warned; its bytes stay."),
        _("withdraw, deprecate, recall"),
        _("A version's page"),
    ),
    Word(
        _("pin"),
        _("A line in motherlode.lock that states which version, with which digest, training code reads."),
        _("lock entry, locked dependency"),
        _("A version's page"),
    ),
    Word(
        _("run"),
        _("One experiment: training code that used versions, with its parameters and metrics."),
        _("experiment, training run (MLflow, Weights & Biases)"),
        _("Runs"),
    ),
    Word(
        _("prediction set"),
        _("What a run predicted on one split of a version, or on the pool."),
        _("predictions, detections, inference results"),
        _("A run's page, Predictions"),
    ),
    Word(
        _("evaluation"),
        _("Predictions matched with the labels of a version: counts and metrics, each of which opens what it counts."),
        _("scoring, validation results"),
        _("A run's page, Overview"),
    ),
    Word(
        _("true positive"),
        _("A prediction that matches a labelled object of the same class."),
        _("hit, correct detection"),
        _("A run's page, Overview"),
    ),
    Word(
        _("false alarm"),
        _("A prediction where nothing of the kind is labelled."),
        _("false positive, background error"),
        _("Failures"),
    ),
    Word(
        _("missed"),
        _("A labelled object that no prediction matches."),
        _("false negative, missed detection"),
        _("Failures"),
    ),
    Word(
        _("wrong class"),
        _("A prediction on a labelled object of another class."),
        _("classification error, confusion"),
        _("Failures"),
    ),
    Word(
        _("bad location"),
        _("A prediction of the right class that overlaps its object too little."),
        _("localization error"),
        _("Failures"),
    ),
    Word(
        _("duplicate"),
        _("A second prediction on an object that another one has matched already."),
        _("double detection"),
        _("Failures"),
    ),
    Word(
        _("failure"),
        _("Something that a run got wrong. It is one thing across runs and versions, and has a history."),
        _("error, error case, mistake"),
        _("Failures"),
    ),
    Word(
        _("verdict"),
        _("What a reviewer says of a failure: model error, label error, ambiguous or out of scope."),
        _("triage, error attribution"),
        _("Failures"),
    ),
    Word(
        _("mining round"),
        _("Items chosen by strategies, and some at random as a control, become a queue; a report says if it helped."),
        _("active learning round, hard example mining, data selection"),
        _("Mining"),
    ),
    Word(
        _("strategy"),
        _("A rule that ranks items for a mining round, such as: most failures first, or most uncertain first."),
        _("acquisition function, query strategy, sampler"),
        _("Mining"),
    ),
    Word(
        _("random control"),
        _("The share of a mining round that is chosen at random, to measure what the strategies achieved beyond it."),
        _("control group, random baseline"),
        _("Mining, and the report of a round"),
    ),
    Word(
        _("job"),
        _("Work that the server does in the background, such as an import; it can be left, cancelled and tried again."),
        _("background task"),
        _("Jobs"),
    ),
    Word(
        _("notification"),
        _("Something that you should know of, in the app and by mail; what happens again before you read it counts."),
        _("alert, inbox item"),
        _("The bell in the top bar"),
    ),
    Word(
        _("webhook"),
        _("An address that is told of what happens in a project: the kinds of events it wants, signed by its secret."),
        _("HTTP callback, event subscription"),
        _("Settings"),
    ),
    Word(
        _("delivery"),
        _("One event on its way to one webhook: tried until it arrives, and kept in the log."),
        _("webhook request, event delivery"),
        _("Settings, Webhooks"),
    ),
)


def as_markdown() -> str:
    """docs/glossary.md, whole."""
    rows = [f"| {word.name} | {word.meaning} | {word.synonyms} | {word.seen} |" for word in GLOSSARY]
    lead = "The words of Motherlode's screens, and what the field calls the same; each page has this list behind `?`."
    return "\n".join(
        ["# Glossary", "", lead, "", "| word | meaning | also called | where |", "|---|---|---|---|", *rows, ""]
    )
