"""Training is stopped by one criterion, the search chooses by another, and they disagree."""

import numpy as np
from scipy.stats import spearmanr

from helpers.diagnosis.effects import of_trials, paired
from helpers.diagnosis.findings import Finding, Fix, judged
from helpers.diagnosis.perfect import perfect_scores
from helpers.diagnosis.registry import NotApplicable, check
from helpers.intervals import paired_interval

_ACCURACY = (
    "val_accuracy", "val_acc", "val_sparse_categorical_accuracy", "val_categorical_accuracy",
    "val_binary_accuracy",
)  # fmt: skip
#: What Keras may log for the search's score, and whether more is better.
_LOGGED = {
    "accuracy": (_ACCURACY, 1),
    "neg_mean_squared_error": (("val_mse", "val_mean_squared_error"), -1),
    "neg_mean_absolute_error": (("val_mae", "val_mean_absolute_error"), -1),
    "neg_log_loss": (("val_loss",), -1),
}
_WINDOW = 3
#: R2 that a winner by another score may lack: such scores weigh errors otherwise, and may differ.
_EXPLAINED = 0.05
#: The same, of a winner that is no better than the mean although squared errors were minimised.
_MUCH = 0.25

FIX = Fix(
    "Stop by what the search scores, or search by what training minimises.",
    'EarlyStopping(monitor="val_accuracy", mode="max", patience=10,\n'
    '              restore_best_weights=True)  # with scoring="accuracy"\n'
    '# or GridSearchCV(..., scoring="neg_log_loss") with monitor="val_loss"',
)

SIGN = Fix(
    "Give the search a score that is higher for better predictions.",
    'GridSearchCV(..., scoring="neg_mean_squared_error")\n'
    "# or scoring=make_scorer(error, greater_is_better=False)",
)


@check("metric/loss-mismatch", needs={"trials", "search", "targets"})
def metric_sign(examination):
    """The truth, taken for a prediction, is scored by the search's own scorer: whether that is
    less, in every fold, than every candidate has."""
    scores, best = examination.scores, examination.best
    scores = scores[np.isfinite(scores).all(axis=1)]
    if best is None or not len(scores):
        raise NotApplicable("no candidate has a score in every fold")
    perfect = perfect_scores(examination.subject)
    if not (perfect < scores).all():
        return []
    lowest = int(np.nanargmin(examination.means))
    lost = float(examination.means[best] - examination.means[lowest])
    chosen = examination.subject.candidates[best]
    return [
        Finding(
            "metric/loss-mismatch", "fault", "serious",
            f"The score is backwards: right predictions score {perfect.mean():.3f}, less than any "
            f"candidate; by it the worst wins, here {dict(chosen)}",
            SIGN,
            effect=lost,
            evidence={
                "score_of_right_predictions": float(perfect.mean()),
                "score_of_the_winner": float(examination.means[best]),
                "least_score": float(examination.means[lowest]),
                "candidate_of_the_least_score": dict(examination.subject.candidates[lowest]),
            },
        )
    ]  # fmt: skip


@check(
    "metric/loss-mismatch",
    needs={"trials"},
    proves=False,
    null="both criteria are best at one epoch: the better epoch is taken from the other folds, "
    "so its gain in a fold has mean 0 or less; Nadeau-Bengio interval above delta: below 2.5 %",
)
def metric_loss_mismatch(examination):
    """In the best candidate's curves: the search's score at the epoch that the stopper kept, by
    its own criterion, against that at the epoch which the curves of the other folds name as best.
    """
    name = examination.subject.score_name
    if name not in _LOGGED:
        raise NotApplicable(f"Keras logs nothing that is known to mean {name}")
    logged, sign = _LOGGED[name]
    fits = [
        _kept(trial.record, logged) for trial in examination.trials
        if trial.candidate == examination.best and trial.record is not None
    ]  # fmt: skip
    fits = [each for each in fits if each]
    if len(fits) < 2:
        raise NotApplicable(
            "needs a stopper that watches something else than the search's score, and that score "
            "logged for validation rows"
        )
    length = min(len(each["curve"]) for each in fits)
    curves = np.array([sign * _smooth(each["curve"])[:length] for each in fits])
    gains = []
    for fold, each in enumerate(fits):
        better = np.delete(curves, fold, axis=0).mean(axis=0).argmax()
        whole = sign * _smooth(each["curve"])
        gains.append(float(whole[better] - whole[each["epoch"]]))
    gain = paired_interval(gains, test_fraction=examination.subject.test_fraction)
    if judged(gain[1:], examination.delta) != "fault":
        return []
    monitor = fits[0]["monitor"]
    return [
        Finding(
            "metric/loss-mismatch",
            "fault",
            "warning",
            f"The stopper keeps the epoch that is best by {monitor}; the search scores {name}, "
            f"which is {gain.mean:.3f} better at another",
            FIX,
            effect=gain.mean,
            interval=(gain.low, gain.high),
            evidence={
                "monitor": monitor,
                "score": name,
                "epochs_kept": [each["epoch"] + 1 for each in fits],
                "gains": gains,
            },
        )
    ]


def _kept(record, logged):
    """The curve of the search's score in a fit, and the epoch that a stopper kept by another."""
    curve = next((record.history[each] for each in logged if each in record.history), None)
    if curve is None or len(curve) < _WINDOW:
        return None
    for facts in record.callback_facts:
        settings = facts["settings"]
        monitor = settings.get("monitor")
        if "restore_best_weights" not in settings or monitor in logged:
            continue
        watched = record.history.get(monitor)
        if watched is None or len(watched) != len(curve):
            continue
        if not (record.stop_training or settings["restore_best_weights"]):
            continue
        best = np.nanargmin if monitor.endswith("loss") else np.nanargmax
        epoch = int(best(watched)) if settings["restore_best_weights"] else len(curve) - 1
        return {"curve": curve, "epoch": epoch, "monitor": monitor}
    return None


def _smooth(curve):
    padded = np.pad(np.asarray(curve, dtype=float), _WINDOW // 2, mode="edge")
    return np.convolve(padded, np.full(_WINDOW, 1 / _WINDOW), mode="valid")


@check(
    "metric/loss-mismatch", needs={"trials", "search", "classes", "candidates"}, proves=False,
    null="the winner and the candidate of the least log loss are equal in log loss and in balanced "
    "accuracy: both intervals must lie above 0, the second above delta; below 2.5 %",
)  # fmt: skip
def metric_panel(examination):
    """The held-out predictions of all candidates are scored by log loss and balanced accuracy,
    too: whether the search's winner is worse by both than the candidate of the least loss."""
    best = examination.best
    losses, balanced = _panel(examination)
    if best is None or np.isnan(losses).any():
        raise NotApplicable("needs probabilities of every class for all held-out rows")
    other = int(losses.mean(axis=1).argmin())
    if other == best:
        return []
    loss = paired(losses[best], losses[other], examination, scores=losses)
    lost = paired(balanced[other], balanced[best], examination, scores=balanced)
    if loss.interval[0] <= 0 or lost.interval[0] <= examination.delta:
        return []
    gained = of_trials(examination.of(best), examination.of(other), examination)
    name, candidates = examination.subject.score_name, examination.subject.candidates
    return [
        Finding(
            "metric/loss-mismatch", "fault", "warning",
            f"{candidates[best]} wins by {name}, and is worse than {candidates[other]} by log loss "
            f"({loss.mean:.2f}) and by balanced accuracy ({lost.mean:.3f})",
            FIX,
            effect=gained.mean, interval=gained.interval,
            evidence={
                "log_loss": {str(candidates[each]): float(losses[each].mean())
                             for each in (best, other)},
                "balanced_accuracy": {str(candidates[each]): float(balanced[each].mean())
                                      for each in (best, other)},
                "balanced_accuracy_lost": list(lost.interval),
            },
        )
    ]  # fmt: skip


@check(
    "metric/loss-mismatch", needs={"trials", "search", "targets", "candidates"}, proves=False,
    null="the winner and the candidate of the least squared error are equal in R2 and in the ranks "
    "of their predictions: both intervals must lie above 0, the first above .05 (.25 where "
    "the winner has no R2); below 2.5 %",
)  # fmt: skip
def metric_panel_of_numbers(examination):
    """The held-out predictions of all candidates of a regression are scored by R2 and by rank
    correlation, too: whether the search's winner is worse by both than the candidate of the best
    R2; or, of nets that minimise squared errors, by R2 alone where the winner has none."""
    best, subject = examination.best, examination.subject
    if subject.is_classification or np.ndim(subject.y) != 1:
        raise NotApplicable("needs a regression with one target a row")
    explained, ranked = _panel_of_numbers(examination)
    if best is None or np.isnan(explained).any():
        raise NotApplicable("needs predictions of every candidate for all held-out rows")
    other = int(explained.mean(axis=1).argmax())
    if other == best:
        return []
    lost = paired(explained[other], explained[best], examination, scores=explained)
    ranks = paired(ranked[other], ranked[best], examination, scores=ranked)
    says_nothing = (explained[best] <= 0).all() and lost.interval[0] > _MUCH
    is_worse = says_nothing and _minimise_squares(examination)
    if not is_worse and (lost.interval[0] <= _EXPLAINED or ranks.interval[0] <= 0):
        return []
    gained = of_trials(examination.of(best), examination.of(other), examination)
    name, candidates = subject.score_name, subject.candidates
    return [
        Finding(
            "metric/loss-mismatch", "fault", "warning",
            f"{candidates[best]} wins by {name}, and is worse than {candidates[other]} by R2 "
            f"({lost.mean:.2f}) and "
            + ("than the mean, though squared errors were minimised" if is_worse
               else f"by the ranks of its predictions ({ranks.mean:.2f})"),
            Fix(
                "Train by what the search scores, or search by what training minimises.",
                'GridSearchCV(..., scoring="neg_mean_squared_error")  # with loss="mse"',
            ),
            effect=gained.mean, interval=gained.interval,
            evidence={
                "r2": {str(candidates[each]): float(explained[each].mean())
                       for each in (best, other)},
                "rank_correlation": {str(candidates[each]): float(ranked[each].mean())
                                     for each in (best, other)},
                "r2_lost": list(lost.interval),
            },
        )
    ]  # fmt: skip


def _minimise_squares(examination):
    losses = {str(trial.record.facts.get("loss")) for trial in examination.trials if trial.record}
    return bool(losses) and all("mse" in each or "squared_error" in each for each in losses)


def _panel_of_numbers(examination):
    """R2 and rank correlation, each of shape (n_candidates, n_folds)."""
    explained = np.full(examination.scores.shape, np.nan)
    ranked = np.full(examination.scores.shape, np.nan)
    y = np.asarray(examination.subject.y, dtype=float)
    for trial in examination.trials:
        truth = y[examination.subject.splits[trial.fold][1]]
        told = np.ravel(np.asarray(trial.predictions, dtype=float))
        if len(told) != len(truth) or not np.isfinite(told).all() or np.ptp(truth) == 0:
            continue
        at = trial.candidate, trial.fold
        explained[at] = 1 - np.mean((told - truth) ** 2) / np.var(truth)
        ranked[at] = spearmanr(told, truth).statistic if np.ptp(told) else 0.0
    return explained, ranked


def _panel(examination):
    """Log loss and balanced accuracy, each of shape (n_candidates, n_folds)."""
    losses = np.full(examination.scores.shape, np.nan)
    balanced = np.full(examination.scores.shape, np.nan)
    labels = examination.subject.labels
    classes = np.unique(labels)
    for trial in examination.trials:
        truth = labels[examination.subject.splits[trial.fold][1]]
        probabilities = _probabilities(trial.probabilities, len(truth), len(classes))
        if probabilities is None:
            continue
        at = trial.candidate, trial.fold
        columns = np.searchsorted(classes, truth)
        clipped = np.clip(probabilities, 1e-7, 1)
        losses[at] = -np.log(clipped[np.arange(len(truth)), columns]).mean()
        told = np.asarray(trial.predictions).reshape(len(truth), -1)[:, 0]
        balanced[at] = np.mean([np.mean(told[truth == each] == each) for each in np.unique(truth)])
    return losses, balanced


def _probabilities(values, n_rows, n_classes):
    if values is None or values.shape != (n_rows, n_classes) or not np.isfinite(values).all():
        return None
    rows = values.sum(axis=1)
    return values if np.allclose(rows, 1, atol=1e-3) and (values >= -1e-6).all() else None
