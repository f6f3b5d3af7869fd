"""What to mine: read from REST's JSON or a page's form, and refused by the field that is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from lode_hooks.failures.filters import FailureFilter
from lode_hooks.failures.verdicts import visible
from lode_hooks.mining.strategies import STRATEGIES
from lode_hooks.models import Run
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Project

MAX_ITEMS = 10_000
"""Items that one round may have."""
NOTHING: tuple[object, ...] = (None, "", [], {})
"""What a field may hold that is not asked for."""


@dataclass(frozen=True)
class MiningRequest:
    """What to mine. `strategies` are weights by name, `random` the control's share of the budget.

    `filters` and `failures` say "like these": their kinds and classes in the failures of labelled items, their
    predicted classes in the pool. `splits` empty: out-of-fold train and the pool, or validation if there is neither.
    `dataset` (a name) is needed where the run predicted on several: a round is of one.
    """

    run: Run
    strategies: Mapping[str, float]
    budget: int
    random: float = 0.2
    seed: int = 0
    filters: FailureFilter = field(default_factory=FailureFilter)
    failures: Sequence[UUID] = ()
    splits: tuple[str, ...] = ()
    dataset: str = ""

    @classmethod
    def from_json(cls, project: Project, caller: Caller, body: Mapping[str, Any]) -> Self:
        """From REST's or a page's JSON. Raises BadInput naming the field, NotFound.

        `run` (uuid or name), `strategies` (weights by name, a list, or "a=1,b=2") or `strategy`, `budget`, `random`,
        `seed`, `filters`, `failures`, `splits`, `dataset`.
        """
        given = next((body[key] for key in ("strategies", "strategy") if body.get(key) not in NOTHING), "failures")
        like = [_as_uuid("failures", uuid) for uuid in _names("failures", body.get("failures"))]
        return cls(
            run=find_run(project, caller, str(body.get("run", ""))),
            strategies=_weights(given),
            budget=_whole("budget", body.get("budget", 100), 1, MAX_ITEMS),
            random=_share(body.get("random", 0.2)),
            seed=_whole("seed", body.get("seed", 0) or 0, 0, 2**31 - 1),
            filters=_filters(body.get("filters")),
            failures=[failure.uuid for failure in visible(caller, project, like)],
            splits=tuple(_names("splits", body.get("splits"))),
            dataset=str(body.get("dataset") or ""),
        )

    def as_json(self) -> dict[str, Any]:
        """What `from_json` makes the same request of."""
        return {
            "run": str(self.run.uuid),
            "strategies": dict(self.strategies),
            "budget": self.budget,
            "random": self.random,
            "seed": self.seed,
            "filters": self.filters.query(),
            "failures": [str(failure) for failure in self.failures],
            "splits": list(self.splits),
            "dataset": self.dataset,
        }


def find_run(project: Project, caller: Caller, name: str) -> Run:
    """A run by its uuid, or the newest one of a name. Raises NotFound."""
    runs = Run.objects.visible_to(caller).filter(project=project).select_related("project")
    try:
        run = runs.filter(uuid=UUID(name)).first()
    except ValueError:
        run = runs.filter(name=name).order_by("-pk").first()
    if run is None:
        raise NotFound(f"There is no run {name!r}.")
    return run


def _names(field_name: str, given: Any) -> list[str]:
    """Of a list, or of a text with commas between them."""
    if given in NOTHING:
        return []
    if isinstance(given, str):
        return given.split(",")
    if isinstance(given, list | tuple):
        return [str(name) for name in given]
    raise BadInput(f"{field_name} is {given!r}, not a list of names.", field=field_name)


def _filters(given: Any) -> FailureFilter:
    if given in NOTHING:
        return FailureFilter()
    if not isinstance(given, Mapping):
        raise BadInput(f"filters is {given!r}, not an object of filters by name.", field="filters")
    return FailureFilter.parse(given)


def _as_uuid(field_name: str, text: Any) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise BadInput(f"{field_name}: {text!r} is not a uuid.", field=field_name) from None


def _weights(given: Any) -> dict[str, float]:
    parts: Iterable[tuple[str, Any]]
    if isinstance(given, Mapping):
        parts = given.items()
    else:
        names = _names("strategies", given)
        parts = [(name.partition("=")[0].strip(), name.partition("=")[2] or 1) for name in names if name.strip()]
    weights: dict[str, float] = {}
    for name, weight in parts:
        if name not in STRATEGIES:
            raise BadInput(f"There is no strategy {name!r}; there are {', '.join(STRATEGIES)}.", field="strategies")
        try:
            weights[name] = float(weight)
        except (TypeError, ValueError):
            raise BadInput(f"The weight of {name}, {weight!r}, is not a number.", field="strategies") from None
        if not 0 <= weights[name] < 1e9:
            raise BadInput(f"The weight of {name} is not a number from 0 on.", field="strategies")
    if not sum(weights.values()):
        raise BadInput("At least one strategy needs a weight above 0.", field="strategies")
    return weights


def _whole(name: str, value: Any, least: int, most: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name} is {value!r}, not a whole number.", field=name) from None
    if not least <= number <= most:
        raise BadInput(f"{name} is {number:,}; it lies between {least:,} and {most:,}.", field=name)
    return number


def _share(value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        raise BadInput(f"random is {value!r}, not a number.", field="random") from None
    if not 0 <= share <= 1:
        raise BadInput("random is a share between 0 and 1.", field="random")
    return share
