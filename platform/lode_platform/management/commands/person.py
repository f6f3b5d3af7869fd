"""``manage.py person NAME``: makes a person, or gives them another password."""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from lode_platform import events, projects
from lode_platform.errors import LodeError


class Command(BaseCommand):
    help = "Makes a person, or gives one another password: it is asked for twice, or one line of standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user name")

    def handle(self, *args: Any, **options: Any) -> None:
        password = self._password()
        try:
            with transaction.atomic():
                user, made = projects.find_or_make_user(options["user"])
                validate_password(password, user)
                user.set_password(password)
                user.save(update_fields=["password"])
                events.record(None, None, "password.set", user)
        except LodeError as error:
            raise CommandError(error.message) from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        told = (
            "can log in now"
            if made
            else "has a new password; all who were logged in with the old one must log in again"
        )
        self.stdout.write(f"{user.username} {told}.")

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        first = getpass("Password: ")
        if getpass("Once more: ") != first:
            raise CommandError("The two passwords differ; nothing was changed.")
        return first
