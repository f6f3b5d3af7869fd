"""Label Studio's own validator, which takes what its clients may send."""

from collections.abc import Mapping
from typing import Any

from label_studio_sdk.label_interface.interface import LabelInterface


def accepts(config: str, result: Mapping[str, Any]) -> bool:
    """Whether one entry of a result is valid under a labeling config."""
    return bool(LabelInterface(config).validate_region(result))  # type: ignore[no-untyped-call]
