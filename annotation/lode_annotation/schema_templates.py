"""Templates of schemas for the common jobs: each opens in the form of a new schema and in "Try it".

A template is a config, a file of its own in ``common_jobs``, and a line here that names it.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FOLDER = Path(__file__).with_name("common_jobs")


@dataclass(frozen=True)
class Template:
    """A config to begin a schema with; ``title`` names the job, ``name`` the file, and how an address asks for it."""

    name: str
    title: str | Promise

    @cached_property
    def config(self) -> str:
        return (FOLDER / f"{self.name}.xml").read_text("utf-8")


TEMPLATES = (
    Template("detection", _("Object detection")),
    Template("segmentation", _("Instance segmentation: outlines")),
    Template("masks", _("Semantic segmentation: brush")),
    Template("pose", _("Pose: skeletons in boxes")),
    Template("keypoints", _("Keypoints")),
    Template("rotated-boxes", _("Rotated boxes: aerial images")),
    Template("classification", _("Image classification")),
    Template("reading", _("Reading text in images")),
    Template("captions", _("Captions of images")),
    Template("pairs", _("Which of two pictures is better")),
    Template("ranking", _("Ranking of answers or search results")),
    Template("stars", _("Ratings by stars")),
    Template("change", _("Two pictures of one place: what changed")),
    Template("documents", _("Document classification")),
    Template("entities", _("Named entities and relations")),
)
BY_NAME = {template.name: template for template in TEMPLATES}
