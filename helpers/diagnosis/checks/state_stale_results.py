"""state/stale-results: results of another problem were taken up."""

import contextlib
import io
import math
from dataclasses import replace

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.subject import rows_of

#: Training rows at either end that keep their labels: what is printed of an array or a table that
#: is too long to be printed whole.
_PRINTED = 10


@check("state/stale-results", needs={"fits"}, fits=2)
def state_stale_results(examination):
    """A fit of the search that trained nothing is made again with its labels permuted, all or those
    that are not printed of a long array: if Keras is not called then either, a stored result of
    other data was taken for it. Of fits that ran no epoch, the weights that a callback loaded are
    looked for among those that the search trained."""
    restored = _restored(examination)
    if restored:
        return restored
    idle = [trial for trial in examination.trials if not trial.records and trial.error is None]
    if not idle or len(idle) == len(examination.trials):
        return []
    again = _without_training(examination, idle[0])
    if again is None:
        raise NotApplicable("fits that trained nothing train once their labels change: a cache")
    return [
        Finding(
            "state/stale-results", "fault", "serious",
            f"{len(idle)} of {len(examination.trials)} fits trained nothing, and train nothing "
            "with other labels either",
            Fix(
                "Keep results under a digest of everything that they depend on, rows and labels "
                "included.",
                'KerasClassifier(build, memory="cache")',
            ),
            evidence={
                "fits_without_training": [
                    {"candidate": each.candidate, "fold": each.fold} for each in idle[:20]
                ],
                "score_with_other_labels": again.score,
            },
        )
    ]  # fmt: skip


def _without_training(examination, trial):
    """A fit with other labels that trained nothing either, if there is one."""
    subject, rng = examination.subject, np.random.default_rng(examination.subject.random_state)
    train = subject.splits[trial.fold][0]
    for rows in (np.arange(subject.n_rows), train[_PRINTED:-_PRINTED]):
        order = np.arange(subject.n_rows)
        order[rows] = rng.permutation(rows)
        if np.array_equal(np.asarray(subject.y)[order][train], np.asarray(subject.y)[train]):
            continue  # equal labels permuted: a cache may well answer
        y = (
            subject.y.iloc[order].set_axis(subject.y.index)
            if hasattr(subject.y, "iloc")
            else np.asarray(subject.y)[order]
        )
        again = examination.fit(trial.candidate, trial.fold, subject=replace(subject, y=y))
        if not again.records and not again.error:
            return again
    return None


def _restored(examination):
    """Fits that ran no epoch because of weights that no fit of the search has trained."""
    records = examination.recorder.fits
    trained = {digest for each in records if each.epochs_run for digest in each.trained.values()}
    stale = [
        each
        for each in records
        if each.epochs_asked and not each.epochs_run and each.error is None
        and each.iterations_start and not trained & set((each.start or {}).values())
    ]  # fmt: skip
    if not stale:
        return []
    names = sorted({name for each in stale for name, _ in each.callbacks}) or ["a callback"]
    return [
        Finding(
            "state/stale-results", "fault", "serious",
            f"{len(stale)} of {len(records)} fits ran no epoch: {', '.join(names)} took up weights "
            "and updates that no fit of this search has made",
            Fix(
                "Give each fit a backup of its own, and delete it when the fit has ended.",
                "keras.callbacks.BackupAndRestore(tempfile.mkdtemp())  # delete_checkpoint=True",
            ),
            evidence={
                "fits_that_ran_no_epoch": len(stale), "fits": len(records),
                "updates_taken_up": sorted({int(each.iterations_start) for each in stale}),
            },
        )
    ]  # fmt: skip


@check("state/stale-results", needs={"tuner"})
def state_stale_trials(examination):
    """The weights that a tuner kept of a finished trial are evaluated on the validation rows of
    this problem; a trial of the same problem has the score that is stored with it."""
    tuner = examination.subject.search
    finished = [trial for trial in tuner.oracle.trials.values() if trial.score is not None]
    if not finished:
        return []
    if getattr(tuner, "executions_per_trial", 1) != 1:
        raise NotApplicable("scores are means over executions, of which one is kept")
    name = getattr(tuner.oracle.objective, "name", None)
    if not str(name).startswith("val_"):
        raise NotApplicable(f"the objective {name!r} is not one of validation rows")
    X, y = _validation_rows(examination.subject)
    pairs = [(trial.score, _evaluated(tuner, trial, X, y, name)) for trial in finished[:3]]
    off = [pair for pair in pairs if not math.isclose(*pair, rel_tol=1e-3, abs_tol=1e-3)]
    if not off:
        return []
    stored, now = off[0]
    return [
        Finding(
            "state/stale-results", "fault", "serious",
            f"{len(finished)} trials were taken up from {tuner.project_dir}, of another problem: "
            f"a stored {name} of {stored:.3f} is {now:.3f} here",
            Fix(
                "Let the tuner start over, or give each problem a project_name of its own.",
                "keras_tuner.RandomSearch(..., overwrite=True)",
            ),
            evidence={
                "trials_taken_up": len(finished),
                "stored": [pair[0] for pair in pairs], "here": [pair[1] for pair in pairs],
            },
        )
    ]  # fmt: skip


def _validation_rows(subject):
    given = subject.fit_params.get("validation_data")
    if given is not None:
        return given[0], given[1]
    share = subject.fit_params.get("validation_split")
    if not share:
        raise NotApplicable("needs validation_split or validation_data in fit_params")
    rows = np.arange(math.floor(subject.n_rows * (1 - share)), subject.n_rows)  # as Keras cuts
    return rows_of(subject.X, rows), rows_of(subject.y, rows)


def _evaluated(tuner, trial, X, y, name):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = tuner.load_model(trial).evaluate(X, y, verbose=0, return_dict=True)
    except (OSError, ValueError) as error:  # no weights were kept, or they fit another model
        raise NotApplicable(f"the weights of a trial cannot be loaded: {error}") from error
    return float(found[name.removeprefix("val_")])
