"""The leak family: what its evidence shows, and that an honest splitter is what fixes it.

Every claim is asserted where its notebook is executed, in tests/notebooks.
"""

import pytest

from helpers import cases, datasets, parameters
from helpers.cases import Task

SETTINGS = parameters.check(profile="ci", max_rows=200)
TASK = Task(datasets.load("digits", max_rows=SETTINGS.max_rows), SETTINGS)


@pytest.mark.parametrize("code", ["leak/shared-groups", "leak/selection-before-split"])
def test_claim_holds(code):
    case = cases.get(code)
    claim = case.claim(case.run("faulty", TASK), case.run("fixed", TASK), TASK)
    assert claim.holds, claim.sentence()


def test_scaler_saw_every_row_or_the_training_rows():
    case = cases.get("leak/scaler-before-split")
    seen = {arm: case.run(arm, TASK).select_dtypes("number") for arm in ("faulty", "fixed")}
    assert (seen["faulty"]["value"] > 0.5).all()
    changed = [name for name in seen["faulty"] if name not in ("repeat", "fold", "value")]
    assert changed
    assert any((seen["faulty"][name] > seen["fixed"][name]).all() for name in changed)
