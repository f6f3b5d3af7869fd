"""The Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnnotationConfig(AppConfig):
    name = "lode_annotation"
    label = "annotation"
    verbose_name = _("Annotation")
