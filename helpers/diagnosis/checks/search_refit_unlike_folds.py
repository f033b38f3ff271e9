"""search/refit-unlike-folds: the refit trains otherwise than the folds did."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

#: Numbers of updates up to this ratio are the same but for whole epochs.
_AS_MANY = 1.15


@check("search/refit-unlike-folds", needs={"fits"})
def search_refit_unlike_folds(examination):
    """The refit's epochs, stopper, validation rows and configuration are compared with those of
    the winner's fits on the folds."""
    refit = examination.refit
    if refit is None or refit.record is None or refit.error:
        raise NotApplicable("the search does not refit, or the refit has no Keras fit that ended")
    folds = [trial.record for trial in examination.of(refit.candidate) if trial.record]
    record = refit.record
    if not folds:
        return []
    told = {
        "epochs asked": (record.epochs_asked, {each.epochs_asked for each in folds}),
        "callbacks": (_names(record), {_names(each) for each in folds}),
        "validation rows": (bool(record.n_val_rows), {bool(each.n_val_rows) for each in folds}),
        "batch size": (record.batch_size, {each.batch_size for each in folds}),
        "architecture": (
            record.facts.get("architecture"), {each.facts.get("architecture") for each in folds},
        ),
        "optimizer": (
            record.facts.get("optimizer"), {each.facts.get("optimizer") for each in folds},
        ),
    }  # fmt: skip
    unlike = {
        name: pair for name, pair in told.items() if pair[0] not in pair[1] and len(pair[1]) == 1
    }
    for name in ("architecture", "optimizer"):
        if name in unlike and _follows_from_rows(name, record, folds[0]):
            unlike.pop(name)
    if examination.known.get("search_folds_miss_classes"):
        unlike.pop("architecture", None)  # it has an output for each class there is
    if "epochs asked" in unlike and _updates_as_many(record, folds):
        unlike.pop("epochs asked")  # epochs that follow from a number of updates
    epochs = [each.epochs_run for each in folds]
    far = record.epochs_run * 3 < min(epochs) or record.epochs_run > 3 * max(epochs)
    rows = _rows_used(examination, refit)
    if not unlike and not far and rows is None:
        return []
    if rows is not None:
        title = rows
    elif unlike:
        title = f"the refit differs from the folds in {', '.join(unlike)}"
    else:
        title = (
            f"the refit ran {record.epochs_run} epochs, the folds {min(epochs)} to {max(epochs)}"
        )
    matters = rows is not None or far or _matters(unlike)
    return [
        Finding(
            "search/refit-unlike-folds", "fault" if matters else "undecided", "warning", title,
            Fix(
                "Carry over to the refit what was scored: the epochs that the folds found, with "
                "the same stopping rule.",
                'KerasClassifier(build, epochs="auto")',
            ),
            evidence={
                "epochs_of_the_refit": record.epochs_run, "epochs_of_the_folds": epochs,
                "rows_of_the_refit": record.n_rows,
                "differs": {
                    name: [str(pair[0]), sorted(map(str, pair[1]))]
                    for name, pair in unlike.items()
                },
            },
        )
    ]  # fmt: skip


def _follows_from_rows(name, record, fold):
    """Whether numbers of a configuration differ as numbers of rows do: the steps of a schedule."""
    (rest, numbers), (rest_of_fold, of_fold) = (
        each.facts.get("numbers", {}).get(name, ("", ())) for each in (record, fold)
    )
    if (
        not numbers
        or rest != rest_of_fold
        or len(numbers) != len(of_fold)
        or not (record.n_rows and fold.n_rows)
    ):
        return False
    pairs = np.array([pair for pair in zip(numbers, of_fold, strict=True) if pair[0] != pair[1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        by = np.abs(np.log(pairs[:, 0] / pairs[:, 1]))
    as_rows_do = np.abs(by - np.log(record.n_rows / fold.n_rows)) <= np.log(_AS_MANY)
    return bool(as_rows_do.all())


def _updates_as_many(record, folds):
    """Whether the refit made about as many updates as the folds, which have fewer rows."""
    counts = [each.epochs_run * (each.steps or 0) for each in (record, *folds)]
    return all(counts) and max(counts) <= _AS_MANY * min(counts)


def _matters(unlike):
    return bool(set(unlike) & {"epochs asked", "callbacks", "validation rows", "batch size",
                               "optimizer", "architecture"})  # fmt: skip


def _names(record):
    return tuple(sorted(facts["name"] for facts in record.callback_facts))


def _rows_used(examination, refit):
    """Whether the refit trained on a smaller share of its rows than the folds."""
    record, n_rows = refit.record, examination.subject.n_rows
    shares = [
        trial.record.n_rows / len(examination.subject.splits[trial.fold][0])
        for trial in examination.of(refit.candidate)
        if trial.record and trial.record.n_rows
    ]
    if not shares or not record.n_rows:
        return None
    if record.n_rows / n_rows < 0.8 * np.median(shares):
        return (
            f"the refit trained on {record.n_rows} of {n_rows} rows, the folds on "
            f"{np.median(shares):.0%} of theirs"
        )
    return None
