"""What the pages of datasets read of an address or a form: a dataset by name, a whole number, a line of text."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from lode_datasets.models import Dataset
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Project


def found(project: Project, name: str) -> Dataset:
    """The project's live dataset. Raises ``NotFound``."""
    dataset = Dataset.objects.filter(project=project, name=name, trashed_at=None).select_related("schema").first()
    if dataset is None:
        raise NotFound(_("This project has no dataset %(name)s.") % {"name": name})
    dataset.project = project
    return dataset


def whole(text: str, what: str) -> int | None:
    """A whole number of the address, None where there is none. Raises ``BadInput``."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput(_("%(what)s is a whole number.") % {"what": what}, field=what)
    return int(text)


def typed(request: HttpRequest, field: str) -> str:
    """What was typed; without NUL, which PostgreSQL takes in no text."""
    return request.POST.get(field, "").replace("\x00", "").strip()
