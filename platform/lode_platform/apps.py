"""The Django application of this room."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class PlatformConfig(AppConfig):
    name = "lode_platform"
    label = "platform"
    verbose_name = _("Platform")

    def ready(self) -> None:
        """Loads the verbs that jobs may have, each room's from its ``jobs`` module, and fills our navigation."""
        import_module("lode_platform.zips")
        import_module("lode_platform.accounts")
        import_module("lode_platform.collecting")
        import_module("lode_platform.rehashing")
        import_module("lode_platform.shell_entries").register()
        import_module("lode_platform.query_fields").register()
        import_module("lode_platform.item_actions").register()
        import_module("lode_platform.item_columns").register()
        import_module("lode_platform.told").register()
        import_module("lode_platform.needs").register()
        autodiscover_modules("jobs")
