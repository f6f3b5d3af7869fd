"""Templates of schemas for the common jobs: each opens in the form of a new schema and in "Try it"."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from motherlode.labeling_config import build

PERSON = build(["person"], "skeletons").partition("<Label ")[2].partition("/>")[0]
"""What a label says that has COCO's points of a person."""


@dataclass(frozen=True)
class Template:
    """A config to begin a schema with; ``title`` names the job, ``name`` is how an address asks for it."""

    name: str
    title: str | Promise
    config: str


def _about(objects: str, *controls: str) -> str:
    return "\n".join(["<View>", objects, *controls, "</View>", ""])


def _classes(tag: str, part: str, said: str, labels: Sequence[str]) -> str:
    rows = "\n".join(f'    <{part} value="{label}"/>' for label in labels)
    return f"  <{tag} {said}>\n{rows}\n  </{tag}>"


IMAGE = '  <Image name="image" value="$image"/>'
TEXT = '  <Text name="text" value="$text"/>'
LIST = '  <List name="list" value="$list"/>'
PAIR = '  <Image name="first" value="$image1"/>\n  <Image name="second" value="$image2"/>'
OF_IMAGE, OF_TEXT = 'toName="image"', 'toName="text"'
VEHICLES = ("car", "bicycle", "person")

TEMPLATES = (
    Template(
        "detection",
        _("Object detection"),
        _about(
            IMAGE,
            _classes("RectangleLabels", "Label", f'name="label" {OF_IMAGE}', VEHICLES),
            _classes("Choices", "Choice", f'name="hidden" {OF_IMAGE} perRegion="true"', ("occluded", "cut off")),
        ),
    ),
    Template(
        "segmentation",
        _("Instance segmentation: outlines"),
        _about(
            IMAGE,
            _classes("PolygonLabels", "Label", f'name="outline" {OF_IMAGE}', VEHICLES),
            _classes("Choices", "Choice", f'name="hidden" {OF_IMAGE} perRegion="true"', ("occluded", "cut off")),
        ),
    ),
    Template(
        "masks",
        _("Semantic segmentation: brush"),
        _about(IMAGE, _classes("BrushLabels", "Label", f'name="mask" {OF_IMAGE}', ("road", "building", "sky"))),
    ),
    Template(
        "pose",
        _("Pose: skeletons in boxes"),
        _about(
            IMAGE,
            f'  <VectorLabels name="pose" {OF_IMAGE} skeleton="true">\n    <Label {PERSON}/>\n  </VectorLabels>',
            _classes("RectangleLabels", "Label", f'name="box" {OF_IMAGE}', ("person",)),
        ),
    ),
    Template(
        "keypoints",
        _("Keypoints"),
        _about(
            IMAGE, _classes("KeyPointLabels", "Label", f'name="point" {OF_IMAGE}', ("left eye", "right eye", "nose"))
        ),
    ),
    Template(
        "rotated-boxes",
        _("Rotated boxes: aerial images"),
        _about(
            IMAGE,
            _classes(
                "RectangleLabels", "Label", f'name="label" {OF_IMAGE} canRotate="true"', ("ship", "plane", "vehicle")
            ),
        ),
    ),
    Template(
        "classification",
        _("Image classification"),
        _about(
            IMAGE,
            _classes(
                "Choices", "Choice", f'name="class" {OF_IMAGE} choice="single" required="true"', ("cat", "dog", "other")
            ),
            _classes("Choices", "Choice", f'name="quality" {OF_IMAGE} choice="multiple"', ("blurred", "dark")),
        ),
    ),
    Template(
        "reading",
        _("Reading text in images"),
        _about(
            IMAGE,
            _classes("RectangleLabels", "Label", f'name="label" {OF_IMAGE}', ("line", "number")),
            f'  <TextArea name="words" {OF_IMAGE} perRegion="true" required="true" maxSubmissions="1"/>',
        ),
    ),
    Template(
        "captions",
        _("Captions of images"),
        _about(
            IMAGE,
            f'  <TextArea name="caption" {OF_IMAGE} required="true" rows="3"/>',
            f'  <Rating name="quality" {OF_IMAGE} maxRating="5"/>',
        ),
    ),
    Template(
        "pairs",
        _("Which of two pictures is better"),
        _about(
            PAIR,
            '  <Pairwise name="better" toName="first,second" required="true"/>',
            '  <TextArea name="why" toName="first" maxSubmissions="1"/>',
        ),
    ),
    Template(
        "ranking",
        _("Ranking of answers or search results"),
        _about(
            LIST,
            '  <Ranker name="rank" toName="list" required="true"/>',
            '  <TextArea name="why" toName="list" maxSubmissions="1"/>',
        ),
    ),
    Template(
        "stars",
        _("Ratings by stars"),
        _about(
            IMAGE,
            f'  <Rating name="sharpness" {OF_IMAGE} maxRating="5" required="true"/>',
            f'  <Rating name="composition" {OF_IMAGE} maxRating="5" required="true"/>',
        ),
    ),
    Template(
        "change",
        _("Two pictures of one place: what changed"),
        _about(
            PAIR,
            _classes("RectangleLabels", "Label", 'name="gone" toName="first"', ("building", "road")),
            _classes("RectangleLabels", "Label", 'name="new" toName="second"', ("building", "road")),
            _classes("Choices", "Choice", 'name="comparable" toName="first" required="true"', ("yes", "no")),
        ),
    ),
    Template(
        "documents",
        _("Document classification"),
        _about(
            TEXT,
            _classes(
                "Choices",
                "Choice",
                f'name="class" {OF_TEXT} choice="single" required="true"',
                ("question", "complaint", "praise"),
            ),
            f'  <Rating name="urgency" {OF_TEXT} maxRating="3"/>',
        ),
    ),
    Template(
        "entities",
        _("Named entities and relations"),
        _about(
            TEXT,
            _classes("Labels", "Label", f'name="entity" {OF_TEXT}', ("person", "organisation", "place")),
            '  <Relations>\n    <Relation value="works for"/>\n    <Relation value="located in"/>\n  </Relations>',
        ),
    ),
)
BY_NAME = {template.name: template for template in TEMPLATES}
