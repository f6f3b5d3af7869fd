"""Schemas, queues, tasks, leases, annotations, reviews, label sets, imports and micro-tasks."""

import lode_annotation.assist.models  # noqa: F401 - tables of this room
from lode_annotation.models.answers import Annotation, AnnotationRevision, Review
from lode_annotation.models.comments import Comment
from lode_annotation.models.comparisons import Comparison, ConfusionEstimate
from lode_annotation.models.examples import ClassExample
from lode_annotation.models.honeypots import Honeypot
from lode_annotation.models.imports import ImportedLine, LabelImport, LabelImportPart
from lode_annotation.models.label_sets import LabelSet, LabelSetQuerySet
from lode_annotation.models.label_studio import LabelStudioProject
from lode_annotation.models.micro_tasks import MicroTask, MicroTaskRule, Vote
from lode_annotation.models.queues import Assignment, Lease, Queue, Task, TaskQuerySet
from lode_annotation.models.schemas import LabelClass, Schema, SchemaMigration, SchemaRevision

__all__ = [
    "Annotation",
    "AnnotationRevision",
    "Comment",
    "ClassExample",
    "Comparison",
    "ConfusionEstimate",
    "Assignment",
    "Honeypot",
    "ImportedLine",
    "LabelClass",
    "LabelImport",
    "LabelImportPart",
    "LabelSet",
    "LabelSetQuerySet",
    "LabelStudioProject",
    "Lease",
    "MicroTask",
    "MicroTaskRule",
    "Queue",
    "Review",
    "Schema",
    "SchemaMigration",
    "SchemaRevision",
    "Task",
    "TaskQuerySet",
    "Vote",
]
