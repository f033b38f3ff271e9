"""Training ended, or its best epoch was taken, by the rows that score the fold."""

import numpy as np

from helpers.diagnosis.effects import paired
from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.rowwise import row_scores, rows_of_trial
from helpers.quiet import keras

#: Share of the held-out rows that must have been watched; one or two may be there by chance.
_SHARE = 0.05
#: Of Keras' own: what stops a fit, puts weights back or sets a rate may have been one of these.
_ACTING = ("EarlyStopping", "LearningRateScheduler", "ReduceLROnPlateau", "TerminateOnNaN")

#: Who acts where rows are no validation rows of a Keras fit.
_ASKED = "the estimator's own fit"

FIX = Fix(
    "Let early stopping watch a part of the fold's training rows; the held-out rows only score.",
    "KerasClassifier(build, epochs=100, fit__validation_split=0.2,\n"
    '                callbacks=[EarlyStopping(monitor="val_loss", patience=5,\n'
    "                                         restore_best_weights=True)])\n"
    "# and no validation_data= in search.fit",
)


FIX_SCORE = Fix(
    "Choose among epochs in `fit`, by a part of its rows; `score` measures, and changes nothing.",
    "def fit(self, X, y):\n"
    "    X, X_val, y, y_val = train_test_split(X, y, test_size=0.2, random_state=0)\n"
    "    ...  # keep the epoch that is best on X_val",
)


@check("leak/stopping-on-test-fold", needs={"trials"}, fits=6, weight=3)
def leak_stopping_on_test_fold(examination):
    """Digests of the validation rows of each Keras fit, of rows that callbacks of the user's own
    hold, and of those that a model is asked about while the estimator is fitted, against those of
    the rows that score the fold, and what acted on them: an early stop, restored weights, a
    learning rate, a number of epochs. Rows that are training rows as well do not count. Likewise
    where the estimator's own score changes what it predicts.

    Watched without anything that acts is no fault: the curves are just prettier than they should
    be. What it adds to the winner's score, where that is a mean over rows: each fold is fitted
    twice more, with either half of its held-out rows watched; what a row scores when it was watched
    and when it was not.
    """
    swayed = [each for each in examination.trials if each.swayed is not None]
    if swayed:
        return [_swayed_by_scoring(examination, swayed)]
    splits = examination.subject.splits
    watched = [_watched(each, len(splits[each.fold][1])) for each in examination.trials]
    watched = [each for each in watched if each]
    if not watched:
        records = [record for trial in examination.trials for record in trial.records]
        asked = any(trial.peeked is not None for trial in examination.trials)
        if not asked and all(_rows_to_see(record) is None for record in records):
            raise NotApplicable("no fit had validation rows that could be read")
        return []
    acts = [each["acts"] for each in watched]
    verdict = next(each for each in ("fault", "undecided", "not the cause") if each in acts)
    count = acts.count(verdict)
    how = sorted({each["by"] for each in watched if each["acts"] == verdict and each["by"]})
    share = float(np.median([each["share"] for each in watched]))
    text = {
        "fault": f"{', '.join(how)} decided on them in {count} of them",
        "undecided": f"{', '.join(how)} watched them; what it did with them is not seen",
        "not the cause": "nothing acted on them",
    }[verdict]
    effect = _effect(examination) if verdict == "fault" or how == [_ASKED] else None
    seen = f"the validation rows were rows that score the fold ({share:.0%} of those): {text}"
    if how == [_ASKED]:
        seen = (
            f"the estimator asked its model about rows that score the fold ({share:.0%} of those) "
            "while it was fitted"
        )
        if effect is not None and effect.interval[0] > examination.delta:
            verdict = "fault"  # whatever it did with what it has learnt
    return [
        Finding(
            "leak/stopping-on-test-fold",
            verdict,
            SERIOUS_IF_FAULT[verdict],
            f"In {len(watched)} of {len(examination.trials)} fits {seen}",
            FIX,
            effect=effect and effect.mean,
            interval=effect and effect.interval,
            evidence={
                "fits": len(examination.trials),
                "fits_that_watched": len(watched),
                "fits_acted_on": acts.count("fault"),
                "share_of_held_out_rows_watched": share,
                "acted": how,
                "epochs_run": [int(each["epochs_run"]) for each in watched],
            },
        )
    ]


def _swayed_by_scoring(examination, swayed):
    """An estimator that chooses, while it is scored, by the rows that score it."""
    subject, differences = examination.subject, []
    for trial in swayed:
        if trial.candidate == examination.best:
            truth = subject.labels if subject.labels is not None else np.asarray(subject.y)
            truth = truth[subject.splits[trial.fold][1]]
            rows = [row_scores(subject, truth, each) for each in trial.swayed]
            if rows[0] is not None:
                differences.append(rows[0] - rows[1])
    effect = None
    if len(differences) > 1:
        gained = [each.mean() for each in differences]
        effect = paired(gained, np.zeros(len(gained)), examination, rows=differences)
    return Finding(
        "leak/stopping-on-test-fold",
        "fault",
        "serious",
        f"In {len(swayed)} of {len(examination.trials)} fits the estimator predicts otherwise "
        "after it was scored: it chooses by the rows that score it",
        FIX_SCORE,
        effect=effect and effect.mean,
        interval=effect and effect.interval,
        evidence={"fits": len(examination.trials), "fits_changed_by_scoring": len(swayed)},
    )


def _effect(examination):
    """What rows score when they were watched, less what they score when the others were."""
    trials = examination.of(examination.best) if examination.best is not None else []
    if len(trials) < 2 or not examination.budget.allows(2 * len(trials), examination.seconds_a_fit):
        return None
    pairs = [_seen_and_unseen(examination, trial) for trial in trials]
    if any(each is None for each in pairs):
        return None
    seen, unseen = ([pair[side].mean() for pair in pairs] for side in (0, 1))
    return paired(seen, unseen, examination, rows=[a - b for a, b in pairs])


def _seen_and_unseen(examination, trial):
    """Scores of the rows of a fold; None where no row could be hidden, or rows have no score."""
    n = len(examination.subject.splits[trial.fold][1])
    half = np.random.default_rng(trial.fold).permutation(n) < n // 2
    rows, starts = {}, examination.starts
    for is_watched in (half, ~half):
        hidden = np.concatenate([part[~is_watched] for part in trial.test_digests.reshape(-1, n)])
        with starts.changed(hidden=hidden, n_hidden=0):
            fitted = examination.fit_allowed(trial.candidate, trial.fold, hidden=hidden)
            if not (starts.n_hidden or fitted.n_hidden):
                return None
        made = rows_of_trial(examination.subject, fitted)
        if made is None:
            return None
        rows[is_watched[0]] = made
    first, second = rows[half[0]], rows[not half[0]]
    return np.where(half, first, second), np.where(half, second, first)


def _watched(trial, n_scored):
    """What acted on held-out rows in a trial; None if none were among the validation rows."""
    if trial.test_digests is None or trial.train_digests is None:
        return None
    own = np.setdiff1d(trial.test_digests, trial.train_digests)
    for position, record in enumerate(trial.records):
        share = _share_seen(_rows_to_see(record), own, record, n_scored)
        if share:
            acts, by = _acts(record, trial.records[position + 1 :])
            return {"acts": acts, "by": by, "share": share, "epochs_run": record.epochs_run}
    share = _share_seen(trial.peeked, own, trial.record, n_scored)
    if not share:
        return None
    acts = "fault" if trial.weights_put_back else "undecided"
    return {"acts": acts, "by": _ASKED, "share": share, "epochs_run": trial.record.epochs_run}


def _share_seen(rows, own, record, n_scored):
    """Of the rows that score a fold and are its own; 0 where it is next to none."""
    if rows is None or record is None:
        return 0
    if record.train_rows is not None:
        own = np.setdiff1d(own, record.train_rows)
    n_seen = len(np.intersect1d(rows, own))
    share = n_seen / n_scored
    return share if n_seen >= 2 and share >= _SHARE else 0


def _acts(record, later):
    """Verdict, and what acted."""
    undecided = ""
    others_act = any(facts["name"] in _ACTING for facts in record.callback_facts)
    for facts in record.callback_facts:
        name, settings = facts["name"], facts["settings"]
        if facts.get("rows") is not None:
            changes_rate = record.learning_rate_end != record.learning_rate_start
            if record.stop_training or record.weights_put_back or changes_rate:
                if not others_act:
                    return "fault", name
                undecided = name
            continue
        is_own = not hasattr(keras.callbacks, name)
        on_validation = str(settings.get("monitor", "")).startswith("val_")
        if name == "ReduceLROnPlateau" and on_validation:
            if record.learning_rate_end < record.learning_rate_start:
                return "fault", name
        elif on_validation and "restore_best_weights" in settings:
            if record.stop_training or settings["restore_best_weights"]:
                return "fault", name
        elif is_own and record.stop_training:
            return "fault", name
        elif is_own or (on_validation and settings.get("save_best_only")):
            undecided = name
    best = _best_epochs(record)
    if any(each.epochs_asked in best and each.epochs_asked != record.epochs_run for each in later):
        return "fault", "the number of epochs of the next fit"
    return ("undecided", undecided) if undecided else ("not the cause", "")


def _best_epochs(record):
    best = set()
    for name, values in record.history.items():
        if name.startswith("val_") and len(values) > 1:
            best |= {int(np.nanargmin(values)) + 1, int(np.nanargmax(values)) + 1}
    return best


def _rows_to_see(record):
    """Validation rows, and those in callbacks of the user's own."""
    held = [record.val_rows, *(facts.get("rows") for facts in record.callback_facts)]
    held = [each for each in held if each is not None]
    return np.concatenate(held) if held else None
