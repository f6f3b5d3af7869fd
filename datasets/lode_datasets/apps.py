"""The Django application of this room."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DatasetsConfig(AppConfig):
    name = "lode_datasets"
    label = "datasets"
    verbose_name = _("Datasets")

    def ready(self) -> None:
        """Tells the shell what this room has to show."""
        import_module("lode_datasets.shell_entries").register()
        import_module("lode_datasets.item_actions").register()
        import_module("lode_datasets.item_columns").register()
        import_module("lode_datasets.told").register()
        import_module("lode_datasets.needs").register()
