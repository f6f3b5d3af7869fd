"""`lode invite`: a link by which somebody joins the project."""

from typing import Any

import pytest
from tests.motherlode.conftest import Lode

from lode_platform import invitations
from lode_platform.invitation_models import Invitation
from lode_platform.models import Membership, Project, Role, User
from motherlode.client import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def owners(sdk: Any, alice: User, project: Project, capsys: pytest.CaptureFixture[str]) -> Lode:
    """The command line with an owner's token."""

    def connect(url: str | None = None, token: str | None = None, *, project: str | None = None) -> Client:
        client: Client = sdk(alice, project=project or "blood")
        return client

    return Lode(connect, capsys)


def test_who_opens_the_link_that_an_owner_made_is_a_member(owners: Lode, charlie: User, project: Project) -> None:
    made = owners("invite", "annotator", "--uses", "2", "--days", "3")
    assert (made["role"], made["uses"], made["state"], made["mailed"]) == ("annotator", 2, "open", False)
    invitations.accept(made["link"].rpartition("/")[2], charlie)
    assert Membership.objects.get(project=project, user=charlie).role == Role.ANNOTATOR
    assert owners.says("invite", "reviewer", "--email", "rita@example.org").startswith("http://testserver/")


def test_what_cannot_be_invited_is_refused_by_name(owners: Lode, lode: Lode, project: Project) -> None:
    assert "role" in owners("invite", "chief", fails=1)
    assert "days" in owners("invite", "viewer", "--days", "9999", fails=1)
    assert lode("invite", "viewer", fails=1), "an engineer invites nobody"
    assert not Invitation.objects.exists()
