"""Publishing a version of a dataset as it stands, from a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from motherlode.errors import GateClosed, JobFailed
from motherlode.versions import Name, client_for, dataset_path, parse_name, pin_of

if TYPE_CHECKING:
    from motherlode.client import Client
    from motherlode.lock import Pin

__all__ = ["ask", "publish"]


def publish(
    name: str, message: str = "", *, metadata: Sequence[str] | None = None, client: Client | None = None
) -> Pin:
    """Make a version of a dataset (`cells` or `project/cells`), wait for it, and give its pin.

    Where nothing differs from the newest version that one is the answer. `metadata` names the fields of the items that
    the version carries, and those after it: `sample.metadata` reads them; [] is none, None leaves the choice as it is.
    Raises `BadInput` for a field that the project does not have, `Conflict` while another version is being published,
    `GateClosed` where checks found errors that nobody waived.
    """
    dataset = parse_name(name)
    asked = client or client_for(dataset)
    return pin_of(asked, ask(asked, dataset, message, metadata)[0])


def ask(client: Client, name: Name, message: str, metadata: Sequence[str] | None = None) -> tuple[dict[str, Any], bool]:
    """The version as the server describes it, once it is published, and whether it is one that was there."""
    path = dataset_path(client, name)
    body: dict[str, Any] = {"message": message, "operation_id": str(uuid4())}
    if metadata is not None:
        body["metadata"] = list(metadata)
    answer = client.post(f"{path}/publish", body, repeatable=True)
    unchanged = bool(answer.get("unchanged"))
    version: dict[str, Any] = answer["version"]
    if answer.get("job") and not unchanged:
        try:
            client.wait(answer["job"], f"Publishing {name.dataset}")
        except JobFailed as error:
            if (error.job.get("result") or {}).get("code") == "gate_closed":
                raise GateClosed(str(error), error.job) from None
            raise
        version = client.get(f"{path}/versions/{version['version']}")
    return version, unchanged
