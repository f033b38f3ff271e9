"""wrapper/labels-misaligned: predictions and labels do not mean the same classes."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check
from helpers.digests import row_digests

#: Held-out rows that a fold needs for names of its own, by class.
_ROWS_A_CLASS = 6


@check("wrapper/labels-misaligned", needs={"trials", "classes"})
def wrapper_labels_misaligned(examination):
    """What the model was trained to return for a label is compared, label by label, with what the
    estimator makes of it. Predicted labels are looked up among the given ones and matched with them
    as well as they can be; probabilities are checked to lie between 0 and 1, and their columns to
    be the classes in order where the score reads them."""
    trials = [trial for trial in examination.trials if trial.predictions is not None]
    if not trials:
        raise NotApplicable("no fit has predictions")
    looks = [_foreign, _decoded_otherwise, _logits, _columns]
    if not examination.known.get("search_folds_miss_classes"):  # a class not learnt is not swapped
        looks.append(_permuted)
    for look in looks:
        found = look(examination, trials)
        if found:
            return [found]
    return []


def _finding(title, fix, evidence, effect=None):
    return Finding(
        "wrapper/labels-misaligned", "fault", "serious", title, fix, effect=effect,
        evidence=evidence,
    )  # fmt: skip


def _labels(examination, trial):
    return examination.subject.labels[examination.subject.splits[trial.fold][1]]


def _flat(trial):
    predictions = trial.predictions
    if predictions.ndim == 2 and predictions.shape[1] == 1:
        return predictions[:, 0]
    return predictions if predictions.ndim == 1 else None


def _foreign(examination, trials):
    known = np.unique(examination.subject.labels)
    for trial in trials:
        predictions = _flat(trial)
        if predictions is None:
            continue
        strange = [each for each in np.unique(predictions) if each not in known]
        if strange:
            return _finding(
                f"predictions hold {strange[0]!r}, which is no label of y",
                Fix("predict is to return labels as they are in y, not column numbers.",
                    "return self.classes_[probabilities.argmax(axis=1)]"),
                {"foreign": [str(each) for each in strange[:5]],
                 "labels": [str(each) for each in known[:10]]},
            )  # fmt: skip
    return None


def _decoded_otherwise(examination, trials):
    """Units that were trained to mean one label, and are read as another."""
    folds, gains, names = set(), [], {}
    for trial in trials:
        taught, told = _taught(examination, trial), _told(trial)
        common = set(taught or ()) & set(told or ())
        wrong = {unit for unit in common if taught[unit] != told[unit]}
        if not wrong:
            continue
        folds.add(trial.fold)
        names = names or {str(told[unit]): str(taught[unit]) for unit in sorted(wrong)}
        truth, meant = _labels(examination, trial), _flat(trial).copy()
        for unit in wrong:
            meant[_units(trial) == unit] = taught[unit]
        gains.append(np.mean(meant == truth) - np.mean(_flat(trial) == truth))
    if not folds:
        return None
    n_folds = len({trial.fold for trial in trials})
    one, other = next(iter(names.items()))
    return _finding(
        f"in {len(folds)} of {n_folds} folds the model was taught {other!r} by the unit that "
        f"predict calls {one!r}",
        Fix("Encode and decode labels by one and the same classes_.",
            "self.classes_, codes = np.unique(y, return_inverse=True)"),
        {"predicted_means": names, "folds": sorted(folds),
         "accuracy_gained_by_right_names": float(np.mean(gains))},
        float(np.mean(gains)),
    )  # fmt: skip


def _taught(examination, trial):
    """By unit, the label that the model was trained to answer with it; None if that cannot be told.

    The rows that trained the model have to be those of the fold, in their order; without the last
    ones where Keras has set these apart.
    """
    given = None if trial.record is None else trial.record.train_targets
    train = examination.subject.splits[trial.fold][0]
    if given is not None and trial.record.validation_split:
        n_apart = 0 if trial.record.val_rows is None else len(trial.record.val_rows)
        train = train[: len(train) - n_apart]
    if trial.outputs is None or given is None or len(given) != len(train):
        return None
    labels, taught = examination.subject.labels[train], {}
    n_units = max(2, trial.outputs.shape[1])
    forms = [np.arange(n_units, dtype=float)]
    if trial.outputs.shape[1] > 1:
        forms.append(np.eye(n_units))
    for codes in map(row_digests, forms):
        places = [np.flatnonzero(given == code) for code in codes]
        if sum(map(len, places)) != len(given):
            continue
        for unit, rows in enumerate(places):
            found = np.unique(labels[rows])
            if len(found) > 1:
                return None
            if len(found) == 1:
                taught[unit] = found[0]
        return taught if len(set(taught.values())) == len(taught) else None
    return None


def _units(trial):
    """The unit that answers each held-out row: the largest, or whether the only one says yes."""
    outputs = trial.outputs
    return (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)


def _told(trial):
    """By unit, the label that is predicted where it answers; None if another rule decides."""
    predictions = _flat(trial)
    if trial.outputs is None or predictions is None or len(predictions) != len(trial.outputs):
        return None
    units = _units(trial)
    labels = {unit: np.unique(predictions[units == unit]) for unit in np.unique(units)}
    if any(len(each) > 1 for each in labels.values()):
        return None
    return {unit: each[0] for unit, each in labels.items()}


def _logits(examination, trials):
    """An output without activation that is cut at 0.5: a half logit, not a half probability."""
    off = [
        trial
        for trial in trials
        if trial.probabilities is not None
        and np.isfinite(trial.probabilities).all()
        and ((trial.probabilities < -1e-3).any() or (trial.probabilities > 1 + 1e-3).any())
    ]
    linear = [trial for trial in off if trial.record is not None]
    if not linear:
        return None
    gains = []
    known = np.unique(examination.subject.labels)
    for trial in off:
        outputs = np.asarray(trial.probabilities)
        logit = outputs[:, -1] if outputs.ndim == 2 and outputs.shape[1] <= 2 else None
        if logit is None or len(known) != 2:
            continue
        right = known[(logit > 0).astype(int)] == _labels(examination, trial)
        predictions = _flat(trial)
        if predictions is not None:
            gains.append(np.mean(right) - np.mean(predictions == _labels(examination, trial)))
    effect = float(np.mean(gains)) if gains else None
    return _finding(
        "predict_proba returns numbers outside 0 to 1: logits, which predict cuts at 0.5",
        Fix("End the model in a sigmoid or a softmax.",
            'keras.layers.Dense(1, activation="sigmoid")'),
        {"smallest": float(min(trial.probabilities.min() for trial in off)),
         "largest": float(max(trial.probabilities.max() for trial in off)),
         "accuracy_gained_by_cutting_at_0": effect},
        effect,
    )  # fmt: skip


def _columns(examination, trials):
    """Probabilities whose columns are in another order than the classes that they are read by."""
    subject = examination.subject
    response = getattr(next(iter(subject.scorers.values())), "_response_method", "predict")
    if "predict_proba" not in response:
        return None
    looked, renamed = [], []
    for trial in trials:
        learned = np.unique(subject.labels[subject.splits[trial.fold][0]])
        shares, predictions = trial.probabilities, _flat(trial)
        if predictions is None or np.shape(shares)[1:] != learned.shape:
            continue
        columns, truth = shares.argmax(axis=1), _labels(examination, trial)
        rates = float(np.mean(learned[columns] == truth)), float(np.mean(predictions == truth))
        looked.append((rates, len(truth)))
        if _are_renamed(columns, learned, predictions):
            renamed.append(rates)
    if not looked:
        return None
    rates, weights = zip(*looked, strict=True)
    as_read, as_told = map(float, np.average(rates, axis=0, weights=weights))
    if not _is_shown(as_read, as_told):
        # By the order of appearance it may be right in some folds, and candidates may be untrained.
        shown = [each for each in renamed if _is_shown(*each)]
        if not shown:
            return None
        as_read, as_told = shown[0]
    return _finding(
        f"columns of predict_proba are other classes than meant: by them {as_read:.0%} of rows are "
        f"right, by predict {as_told:.0%}, and the score reads the columns",
        Fix("Number the labels by their place in classes_, which is the order that the columns of "
            "predict_proba are read in.",
            "self.classes_, codes = np.unique(y, return_inverse=True)"),
        {"accuracy_by_columns": as_read, "accuracy_by_predict": as_told},
    )  # fmt: skip


def _are_renamed(columns, learned, predictions):
    """Whether predict says one and the same other class for each column, and none twice."""
    told = [np.unique(predictions[columns == each]) for each in np.unique(columns)]
    if any(len(each) > 1 for each in told) or len(np.unique(told)) < max(2, len(told)):
        return False
    return any(each[0] != learned[at] for each, at in zip(told, np.unique(columns), strict=True))


def _have_learned(trials, n_classes):
    """Whether training beats a constant prediction; unknown counts as so. A net that has hardly
    moved gives clusters of rows names at random, and other names then make it right."""
    losses = [
        trial.record.loss_last
        for trial in trials
        if trial.record is not None and "crossentropy" in (trial.record.facts.get("loss") or "")
    ]
    return not losses or bool(np.median(losses) < np.log(n_classes))


def _renamed(known, truth, told):
    """Accuracy as it is, that under the best other names for predicted classes, and those names."""
    table = np.array([[np.sum((truth == one) & (told == two)) for two in known] for one in known])
    rows, columns = linear_sum_assignment(-table)
    names = {str(known[two]): str(known[one]) for one, two in zip(rows, columns, strict=True)}
    return np.trace(table) / len(truth), table[rows, columns].sum() / len(truth), names


def _is_shown(as_is, matched, n_rows=np.inf):
    """Of k! names the best are chosen: what chance gains by it is far below a third of the rows,
    and three standard errors more where it is the best of some folds."""
    return matched - as_is >= 0.3 + 3 / np.sqrt(n_rows) and matched >= 0.6


def _permuted(examination, trials):
    """Whether other names for the predicted classes make most of the errors right."""
    known = np.unique(examination.subject.labels)
    best = [trial for trial in trials if trial.candidate == examination.best] or trials
    pairs = [
        (_labels(examination, trial), _flat(trial)) for trial in best if _flat(trial) is not None
    ]
    if not pairs or not _have_learned(best, len(known)):
        return None
    as_is, matched, names = _renamed(known, *map(np.concatenate, zip(*pairs, strict=True)))
    if not _is_shown(as_is, matched):
        # Names by the order of appearance are others in each fold.
        pairs = [each for each in pairs if len(each[0]) >= _ROWS_A_CLASS * len(known)]
        folds = [_renamed(known, *each) for each in pairs]
        if not folds:
            return None
        as_is, matched = np.mean([each[:2] for each in folds], axis=0)
        names = folds[0][2]
    if not _is_shown(as_is, matched):
        # Or in one fold only, whose rows come in another order: the one that gains most.
        alone = max(folds, key=lambda each: each[1] - each[0])
        if not _is_shown(*alone[:2], n_rows=min(len(each[0]) for each in pairs)):
            return None
        as_is, matched, names = alone
    return _finding(
        f"predicted classes are other ones than meant: renamed, {matched:.0%} of rows are right "
        f"instead of {as_is:.0%}",
        Fix("Let the wrapper encode and decode labels by one and the same classes_.",
            "return self.classes_[probabilities.argmax(axis=1)]"),
        {"predicted_means": names, "accuracy": float(as_is), "accuracy_renamed": float(matched)},
        float(matched - as_is),
    )  # fmt: skip
