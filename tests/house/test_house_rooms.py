"""The tower of rooms as a whole: migrations, system checks, OpenAPI, languages of errors."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_djangos_checks_find_nothing() -> None:
    call_command("check", fail_level="WARNING", stdout=io.StringIO())


@pytest.mark.django_db
def test_the_openapi_document_is_served_to_members(client_for, alice) -> None:  # type: ignore[no-untyped-def]
    answer = client_for(alice).get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    assert b"/api/v1/queues/{" in answer.content and b"/submit" in answer.content


@pytest.mark.django_db
def test_integer_keys_never_leave_the_server(client_for, alice) -> None:  # type: ignore[no-untyped-def]
    """Whatever is called an id is a uuid; a class's id, given by its schema, is not a key of a row."""
    answer = client_for(alice).get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    found = {
        f"{shape}.{name}"
        for shape, body in answer.json()["components"]["schemas"].items()
        for name, kind in body.get("properties", {}).items()
        if re.search(r"(^|_)(id|pk)$", name) and kind.get("type") == "integer"
    }
    assert {one for one in found if not one.endswith(".class_id")} == {"ClassShape.id"}


@pytest.mark.django_db
def test_the_openapi_document_is_not_for_strangers_without_a_login() -> None:
    assert Client().get("/api/v1/schema/").status_code in {401, 403}


@pytest.mark.once
def test_the_sdk_loads_without_django() -> None:
    code = "import sys, motherlode, motherlode.cli; sys.exit('django' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.once
def test_the_server_starts_without_dvc_and_the_label_studio_sdk() -> None:
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'lode_platform.settings'; django.setup();"
        "import lode_platform.root_urls; from django.urls import get_resolver; get_resolver().url_patterns;"
        "heavy = {'dvc', 'dvc_data', 'label_studio_sdk', 'sklearn'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
