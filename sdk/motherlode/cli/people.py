"""The verb for people: invite."""

from __future__ import annotations

from argparse import Namespace

from motherlode.cli.out import Out, Verbs, add_verb, client_of

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """invite."""
    verb = add_verb(verbs, "invite", invite, "make a link by which people join the project; for its owners")
    verb.add_argument("role", metavar="ROLE", help="annotator, reviewer, engineer, viewer or owner")
    verb.add_argument(
        "--email", metavar="ADDRESS", help="whom the link is for; it is mailed there where the server sends mail"
    )
    verb.add_argument("--account", metavar="NAME", help="the account of an imported author, which it hands over")
    verb.add_argument("--days", type=int, help="how long it can be used (default: 7)")
    verb.add_argument("--uses", type=int, help="how many people it is for (default: 1)")


def invite(arguments: Namespace, out: Out) -> None:
    """Make the invitation and print its link, which is shown this once."""
    given = {name: getattr(arguments, name) for name in ("role", "email", "account", "days", "uses")}
    with client_of(arguments) as client:
        made = client.post(
            f"{client.project_path()}/invitations", {name: said for name, said in given.items() if said is not None}
        )
    out.answer(made)
    out.say(made["link"])
    if made["mailed"]:
        out.say(f"Mailed to {made['email']}.")
    elif made["mail_problem"]:
        out.warn(f"It was not mailed: {made['mail_problem']}")
