"""``manage.py token USER --project P --role R``: prints a token, making user, project and membership if missing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from lode_platform import projects
from lode_platform.errors import LodeError
from lode_platform.models import Role
from lode_platform.tokens import make_token


class Command(BaseCommand):
    help = "Prints a new API token, alone, on standard output. The user, project and membership are made if missing."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--project", help="the token acts in this project alone; without it, as the user")
        parser.add_argument("--role", choices=Role.values, help="at most this role (default: owner of a new project)")
        parser.add_argument("--name", default="manage.py token")
        parser.add_argument("--days", type=int, default=None, help="expires after so many days")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["role"] and not options["project"]:
            raise CommandError("--role needs --project: a role is held in a project.")
        call_command("migrate", interactive=False, verbosity=0)  # a first token may come before the first serve
        try:
            with transaction.atomic():
                user, made = projects.find_or_make_user(options["user"])
                project, joined = None, False
                if options["project"]:
                    project, joined = projects.join(user, options["project"], options["role"] or "")
                _, text = make_token(
                    user, project=project, role=options["role"] or "", name=options["name"], days=options["days"]
                )
        except LodeError as error:
            raise CommandError(error.message) from None
        if made:
            self.stderr.write(
                f"Made the user {user.username}, without a password: set one with manage.py person {user.username}."
            )
        if project is not None and joined:
            role = project.memberships.get(user=user).role
            self.stderr.write(f"{user.username} is now {role} in the project {project.name}.")
        self.stdout.write(text)
