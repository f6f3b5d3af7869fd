"""``manage.py person NAME``: makes a person, or gives them another password."""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from lode_platform import accounts, events, projects
from lode_platform.errors import LodeError
from lode_platform.models import User


class Command(BaseCommand):
    help = "Makes a person, or gives one another password: it is asked for twice, or one line of standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user name")
        parser.add_argument(
            "--link", action="store_true", help="asks for none, prints a link to set one, once, instead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["link"]:
            return self._print_link(options["user"])
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

    def _print_link(self, name: str) -> None:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody here has the user name {name!r}, or the account is inactive.")
        events.record(None, None, "password.link", user)
        self.stdout.write(accounts.password_link(user))

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        first = getpass("Password: ")
        if getpass("Once more: ") != first:
            raise CommandError("The two passwords differ; nothing was changed.")
        return first
