"""The Django application of this room."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnnotationConfig(AppConfig):
    name = "lode_annotation"
    label = "annotation"
    verbose_name = _("Annotation")

    def ready(self) -> None:
        """Tells the shell what this room has to show."""
        import_module("lode_annotation.checks").register()
        import_module("lode_annotation.shell_entries").register()
        import_module("lode_annotation.query_fields").register()
        import_module("lode_annotation.item_actions").register()
        import_module("lode_annotation.item_columns").register()
        import_module("lode_annotation.moving.people").register()
        import_module("lode_annotation.told").register()
        import_module("lode_annotation.person_activity").register()
