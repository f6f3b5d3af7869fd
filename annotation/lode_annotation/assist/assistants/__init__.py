"""The assistants: one module and one line here each."""

from lode_annotation.assist.assistants import click, find, segment
from lode_annotation.assist.assistants.assistant import Assistant

ASSISTANTS: dict[str, Assistant] = {one.name: one for one in (click.ASSISTANT, find.ASSISTANT, segment.ASSISTANT)}
