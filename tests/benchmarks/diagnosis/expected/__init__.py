"""What is true of each search: by theme and name, written before any check saw it."""

from dataclasses import replace

from tests.benchmarks.diagnosis.expected.boarders import BOARDERS
from tests.benchmarks.diagnosis.expected.budget import BUDGET
from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.guests import GUESTS
from tests.benchmarks.diagnosis.expected.lodgers import LODGERS
from tests.benchmarks.diagnosis.expected.newcomers import NEWCOMERS
from tests.benchmarks.diagnosis.expected.noise import NOISE
from tests.benchmarks.diagnosis.expected.others import OTHERS
from tests.benchmarks.diagnosis.expected.preparation import PREPARATION
from tests.benchmarks.diagnosis.expected.several import SEVERAL
from tests.benchmarks.diagnosis.expected.space import SPACE
from tests.benchmarks.diagnosis.expected.split import SPLIT
from tests.benchmarks.diagnosis.expected.state import STATE
from tests.benchmarks.diagnosis.expected.strangers import STRANGERS
from tests.benchmarks.diagnosis.expected.visitors import VISITORS
from tests.benchmarks.diagnosis.expected.wrappers import WRAPPERS

__all__ = ["EXPECTED", "SMOKE", "THEMES", "Expected"]

THEMES = {
    "state": STATE,
    "preparation": PREPARATION,
    "split": SPLIT,
    "budget": BUDGET,
    "noise": NOISE,
    "space": SPACE,
    "wrappers": WRAPPERS,
    "several": SEVERAL,
    "others": OTHERS,
    "strangers": STRANGERS,
    "visitors": VISITORS,
    "newcomers": NEWCOMERS,
    "guests": GUESTS,
    "lodgers": LODGERS,
    "boarders": BOARDERS,
}
# Faulty searches are kept short: on the rings, four times the epochs are worth about a point.
NEARLY_ENOUGH = {"budget/still-improving": "eight to ten epochs are nearly enough"}


def _complete(name, each):
    if name.startswith("rings_") and each.faults:
        return replace(each, also=NEARLY_ENOUGH | each.also)
    return each


EXPECTED = {
    name: _complete(name, each) for members in THEMES.values() for name, each in members.items()
}
# The fastest, faulty and healthy, through different wrappers.
SMOKE = ("rings_backup", "wide_columns_chosen", "clinic_rows", "wine_scaled", "strong_marker")
