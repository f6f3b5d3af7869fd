"""Tasks on which people agree too little."""

from itertools import combinations
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lode_annotation.agreement.coefficients import f1
from lode_annotation.agreement.comparing import NOTHING, Cell, compared
from lode_annotation.review_rules.rule import Given, Rule, number_in, share_of
from lode_platform.models import Project


class LowAgreement(Rule):
    """Asks where two of the people agree less: the F1 of what they say, regions of the same place and class."""

    name = "agreement"
    title = _("Tasks on which people disagree")
    hint = _("below 80 %")

    def read(self, value: Any, project: Project) -> float:
        return share_of(value, "The agreement below which to review")

    def from_text(self, text: str) -> Any:
        return number_in(text.strip().removeprefix("below").removeprefix(str(_("below"))))

    def asks(self, value: Any, given: Given) -> bool:
        if given.answers is None:
            return True
        pairs = combinations(given.answers, 2)
        return any(_agreed(compared(given.controls, one, two, {}, given.scale)) < value for one, two in pairs)

    def words(self, value: Any) -> str:
        return say("tasks are reviewed where people agree by less than %(n)g %%") % {"n": 100 * value}


def _agreed(cells: list[Cell]) -> float:
    """1 where nothing is said, or numbers are equal."""
    same = alone = 0
    for cell in cells:
        equal = cell.values[0] == cell.values[1] if cell.values else cell.one == cell.two
        same += cell.count if equal else 0
        alone += 0 if equal else cell.count if NOTHING in (cell.one, cell.two) and not cell.values else 2 * cell.count
    found = f1(same, alone, 0)
    return 1.0 if found is None else found
