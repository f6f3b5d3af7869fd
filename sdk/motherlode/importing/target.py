"""The dataset that an import goes into, and its schema: what is there is asked for once, what is not until it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from motherlode.client import Client
from motherlode.errors import NotFound
from motherlode.importing.report import ImportOptions

__all__ = ["Target"]


class Target:
    """Where a folder comes in; `project` and `address` begin the paths of requests about the project and the dataset.

    A row that was found, or put by who made or changed it, stands for the whole import.
    """

    def __init__(self, client: Client, options: ImportOptions) -> None:
        self.client = client
        self.options = options
        self.project = client.project_path(options.project)
        self.address = f"{self.project}/datasets/{quote(options.dataset)}"
        self._dataset: Mapping[str, Any] | None = None
        self._schema: Mapping[str, Any] | None = None

    @property
    def is_there(self) -> bool:
        """Whether the dataset was found."""
        return self._dataset is not None

    def dataset(self) -> Mapping[str, Any] | None:
        """The dataset; None where it, or its project, is not there."""
        if self._dataset is None:
            self._dataset = self._found(self.address)
        return self._dataset

    def schema(self) -> Mapping[str, Any] | None:
        """The dataset's schema, or the one of the dataset's name; None where neither is there."""
        if self._schema is None:
            dataset = self.dataset()
            name = self.options.dataset if dataset is None else dataset["schema"]
            try:
                rows = self.client.pages(f"{self.project}/schemas")
                self._schema = next((row for row in rows if name in (row["name"], row["uuid"])), None)
            except NotFound:
                return None
        return self._schema

    def put_dataset(self, row: Mapping[str, Any]) -> None:
        """The dataset was made."""
        self._dataset = row

    def put_schema(self, row: Mapping[str, Any]) -> None:
        """The schema was made, or has a new revision."""
        self._schema = row

    def _found(self, address: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.client.get(address)
        except NotFound:
            return None
        return found
