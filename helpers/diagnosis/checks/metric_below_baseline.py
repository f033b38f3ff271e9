"""The best candidate is no better than always saying the same."""

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.perfect import perfect_scores, score_of
from helpers.diagnosis.probes import Scored, inflation
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.resampling import held_out_predictions, row_table
from helpers.diagnosis.rowwise import row_scores

FIX = Fix(
    "Look at the predictions of one fitted candidate before searching on: activation and units of "
    "the last layer, loss, scale of the targets, learning rate, the score itself.",
    "np.unique(search.best_estimator_.predict(X), return_counts=True)",
)


@check(
    "metric/below-baseline",
    needs={"trials", "targets", "candidates"},
    proves=False,
    null="the best candidate is better than a constant: its mean score over the folds falls below "
    "that of a constant in nominally less than 2.5 % of searches with a lead of twice the noise",
)
def metric_below_baseline(examination):
    """The best candidate's score in each fold against that of a model that always predicts the
    most frequent class, or the mean or the median of the training rows, by the search's own scorer;
    and whether its predictions are all the same.
    """
    subject, complete = examination.subject, dict(held_out_predictions(examination))
    best = examination.best
    if best not in complete:
        raise NotApplicable("needs a candidate that could be scored in every fold")
    baseline = _baseline(subject)
    if _is_backwards(subject, baseline):
        raise NotApplicable("the score falls as predictions get better: see metric/loss-mismatch")
    scores = np.array([trial.score for trial in complete[best]])
    lost = _lost(examination, best, scores, baseline)
    constant = all(_is_constant(trial.predictions) for trial in complete[best])
    if lost.mean < -examination.delta:
        return []
    if lost.mean >= -1e-9:
        verdict, severity = "fault", "serious"
    elif lost.high >= 0 and not constant:
        verdict, severity = "undecided", "warning"
    else:
        return []
    return [
        Finding(
            "metric/below-baseline",
            verdict,
            severity,
            f"The best candidate scores {scores.mean():.3f}, a constant prediction "
            f"{baseline.folds.mean():.3f}" + ("; its own predictions are all the same" * constant),
            FIX,
            effect=lost.mean,
            interval=None if constant else (lost.low, lost.high),
            evidence={
                "best_score": float(scores.mean()),
                "constant_score": float(baseline.folds.mean()),
                "predictions_are_constant": constant,
            },
        )
    ]


def _baseline(subject):
    """Scores of the better constant prediction in the search's own folds."""
    truth = subject.labels if subject.labels is not None else np.asarray(subject.y)
    if subject.is_classification and subject.labels is None:
        raise NotApplicable("several labels a row: there is no most frequent class")
    if subject.is_classification and any(
        not np.isin(truth[test], truth[train]).all() for train, test in subject.splits
    ):
        raise NotApplicable("folds hold out classes that do not train: nothing can predict them")
    # Errors are smallest around the median, their squares around the mean.
    models = [DummyRegressor(), DummyRegressor(strategy="median")]
    if subject.is_classification:
        models = [DummyClassifier()]
    return max(
        (_scored(subject, model, truth) for model in models), key=lambda each: each.folds.mean()
    )


def _scored(subject, model, truth):
    nothing, folds, rows = np.zeros((subject.n_rows, 1)), [], []
    for train, test in subject.splits:
        model.fit(nothing[train], truth[train])
        folds.append(score_of(subject, model, nothing[test], truth[test]))
        rows.append(row_scores(subject, truth[test], np.asarray(model.predict(nothing[test]))))
    return Scored(np.array(folds), None if any(each is None for each in rows) else rows)


def _is_backwards(subject, baseline):
    """Whether right predictions score less than a constant."""
    try:
        return bool((perfect_scores(subject) < baseline.folds).all())
    except NotApplicable:  # a scorer that takes a constant model may not take this one
        return False


def _lost(examination, best, scores, baseline):
    """What the best candidate scores below the constant."""
    rows = None
    try:
        candidates, table, fold = row_table(examination)
        own = table[candidates.index(best)]
        rows = [own[fold == number] for number in np.unique(fold)]
    except NotApplicable:
        pass
    return inflation(baseline, Scored(scores, rows), examination.subject.test_fraction)


def _is_constant(predictions):
    if predictions is None:
        return False
    predictions = np.asarray(predictions)
    if predictions.dtype.kind == "f":
        rows = predictions.reshape(len(predictions), -1)
        return bool((np.ptp(rows, axis=0) <= 1e-6 * (1e-12 + np.abs(rows).max())).all())
    return len(np.unique(predictions, axis=0)) == 1
