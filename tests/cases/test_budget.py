"""The budget family: what its evidence shows of the epochs that ran.

Every claim is asserted where its notebook is executed, in tests/notebooks.
"""

from helpers import cases, datasets, parameters
from helpers.cases import Task

SETTINGS = parameters.check(profile="ci", max_rows=200, epochs=6)
TASK = Task(datasets.load("digits", max_rows=SETTINGS.max_rows), SETTINGS)


def arms(code):
    case = cases.get(code)
    faulty, fixed = case.run("faulty", TASK), case.run("fixed", TASK)
    claim = case.claim(faulty, fixed, TASK)
    assert claim.holds, claim.sentence()
    return faulty, fixed


def test_keras_wrapper_runs_one_epoch_of_those_asked():
    faulty, fixed = arms("budget/one-silent-epoch")
    assert (faulty["epochs_run"] == 1).all()
    assert (fixed["epochs_run"] == SETTINGS.epochs).all()


def test_diverged_fits_have_a_score_only_where_nobody_looks():
    faulty, fixed = arms("budget/diverged")
    assert faulty["score"].notna().all()
    assert fixed["score"].isna().all()
    assert faulty["loss"].isna().all()


def test_final_fit_runs_on_where_the_folds_stopped():
    faulty, fixed = arms("budget/refit-unlike-folds")
    assert (faulty["value"] > 0).all()
    assert (fixed["value"].abs() < 1).all()
