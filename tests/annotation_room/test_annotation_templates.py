"""Templates for the common jobs: each is a schema, opens in the form, and can be tried."""

from typing import Any

import pytest
from django.urls import reverse
from tests.annotation_room.test_annotation_texts import texts

from lode_annotation import schemas
from lode_annotation.labeling_config import parse_config
from lode_annotation.schema_templates import TEMPLATES, Template
from lode_platform import items
from lode_platform.callers import Caller
from lode_platform.store import store
from motherlode.labeling_config import medium_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_a_template_is_a_schema_that_opens_in_the_form_and_can_be_tried(
    template: Template, project: Any, alice: Any, client_for: Any, make_items: Any
) -> None:
    parsed = parse_config(template.config)
    made = schemas.create_schema(project, Caller(alice), name=template.name, config=template.config)
    assert {control.name for control in parsed.controls} == {row["name"] for row in schemas.latest(made).controls}
    client = client_for(alice)
    form = client.get(reverse("annotation:schema_new", args=[project.name]), {"template": template.name})
    assert form.context["form"].initial["config"] == template.config
    assert f'<option value="{template.name}" selected>' in form.content.decode()
    if medium_of(template.config) == "text":
        texts(project, alice, "one.txt")
    elif medium_of(template.config) == "list":
        blob = store().add_bytes(b'{"id": "a", "title": "A"}')
        spec = items.ItemSpec("one.jsonl", blob.md5, blob.sha256)
        items.add_items(project, Caller(alice), [spec], trusted=True)
    else:
        [item] = make_items(project, 1)
        item.length = 2 if "$image2" in template.config else 0
        item.save()
    tried = client.post(reverse("annotation:schema_try", args=[project.name]), {"config": template.config})
    assert tried.status_code == 200 and tried.context["payload"]["config"]["controls"]


def test_the_common_jobs_are_there_once_and_others_are_refused(project: Any, alice: Any, client_for: Any) -> None:
    names = [template.name for template in TEMPLATES]
    assert len(names) == len(set(names))
    answer = client_for(alice).get(reverse("annotation:schema_new", args=[project.name]), {"template": "none-such"})
    assert answer.status_code == 400
