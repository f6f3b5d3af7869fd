"""The form of a new invitation."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_platform import invitations
from lode_platform.models import Project, Role


class InvitationForm(forms.Form):
    """For whom a link is, what it makes of them, and for how long."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.ANNOTATOR)
    email = forms.EmailField(label=gettext_lazy("Mail address, if for one person"), required=False)
    account = forms.ChoiceField(label=gettext_lazy("Imported author"), required=False)
    days = forms.IntegerField(
        label=gettext_lazy("Days"), initial=invitations.DAYS, min_value=1, max_value=invitations.MOST_DAYS
    )
    uses = forms.IntegerField(label=gettext_lazy("Uses"), initial=1, min_value=1, max_value=invitations.MOST_USES)

    def __init__(self, project: Project, data: object = None) -> None:
        super().__init__(data, auto_id="invitation_%s")  # type: ignore[arg-type]
        people = [user.username for user in invitations.open_to_take_over(project)]
        if people:
            choices = [("", _("nobody")), *((name, name) for name in people)]
            self.fields["account"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["account"]
