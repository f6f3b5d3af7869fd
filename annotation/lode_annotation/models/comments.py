"""What reviewers and annotators say of answers, each comment pinned to where it belongs."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

from lode_annotation.models.answers import Annotation
from lode_platform.models import User


class CommentQuerySet(models.QuerySet["Comment"]):
    def threads(self) -> Self:
        """Those that do not reply to another."""
        return self.filter(reply_to=None)

    def open(self) -> Self:  # noqa: A003
        """Those that are not resolved, without replies."""
        return self.threads().filter(resolved_at=None)


class Comment(models.Model):
    """What somebody says of an answer, or in reply to such a comment.

    ``number`` counts the comments of an answer from 1 and stands on the pin; a reply repeats its comment's. ``region``
    is the region's id in the answer's result, and ``label`` what it was called then. ``place`` is where the comment was
    pinned, or its region was: ``{"x", "y", "page"?}`` in pixels of the upright image, or ``{"start", "end"}`` in code
    points of a text; null says that it is about the answer as a whole. ``revision`` is the one that it was said of.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="comments")
    reply_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies")
    number = models.PositiveSmallIntegerField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    region = models.CharField(max_length=300, blank=True)
    label = models.CharField(max_length=300, blank=True)
    place = models.JSONField(null=True, blank=True)
    revision = models.PositiveIntegerField()
    resolved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["annotation", "number"], name="comment_number", condition=Q(reply_to__isnull=True)
            )
        ]
