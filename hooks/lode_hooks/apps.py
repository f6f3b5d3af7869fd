"""The Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HooksConfig(AppConfig):
    name = "lode_hooks"
    label = "hooks"
    verbose_name = _("Hooks")

    def ready(self) -> None:
        """Tells the shell what this room has to show."""
        from lode_hooks import item_columns, needs, query_fields, shell_entries, told

        shell_entries.register()
        query_fields.register()
        item_columns.register()
        told.register()
        needs.register()
