"""The kinds of failure: what may be wrong with a prediction, or with an object that has none."""

from typing import Literal, TypeAlias, get_args

FailureKind: TypeAlias = Literal["missed", "false_alarm", "wrong_class", "bad_location", "duplicate"]

FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
