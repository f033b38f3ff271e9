"""state/order-dependent: the same fit gives another result after another fit."""

import re

import numpy as np

from helpers.diagnosis.checks.state_shared_weights import FIX as FIX_WEIGHTS
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

FIX = Fix(
    "Name the metrics that a callback monitors, leave global seeds and global settings alone in "
    "the builder and in callbacks, and let each fit have its own random_state.",
    'metrics=[keras.metrics.AUC(name="auc")]',
)
FIX_OUTSIDE = Fix(
    "Keep nothing on a class, in a module or in a closure that a fit changes: set it where the fit "
    "begins.",
    "self.rate_ = self.rate  # in fit() or on_train_begin(), never type(self).rate = ...",
)


ORDER, CALLBACK, WEIGHTS = "state/order-dependent", "state/shared-callback", "state/shared-weights"
#: First weights correlate with those of another fit; of so many that were drawn apart, none do.
_ALIKE, _MIN_WEIGHTS = 0.3, 200


@check(ORDER, CALLBACK, WEIGHTS, needs={"fits"}, fits=4, weight=2)
def state_order_dependent(examination):
    """A fit with its seed fixed is made again, and once more after another candidate's; its last
    weights are compared digit by digit. Likewise where an attribute of a class, a variable of a
    module or of a closure has changed in the search: with what it held at first, and as it is now
    (where it is all of callbacks, they share it; where first weights are like those that another
    fit had trained, these are shared). Names of metrics are compared between fits."""
    renamed = _renamed(examination)
    broken = [
        trial for trial in examination.trials if "Random ops require a seed" in (trial.error or "")
    ]
    if renamed:
        return [
            _finding(
                "a metric has another name in later fits, and a callback monitors it: "
                + " / ".join(renamed),
                {"names": renamed},
            )
        ]
    if broken:
        return [
            _finding(
                f"{len(broken)} fits failed because an earlier fit had switched TensorFlow to "
                "deterministic operations",
                {"error": broken[0].error, "fits_failed": len(broken)},
            )
        ]
    if any(examination.known.get(name) for name in _SAME_CAUSE):
        raise NotApplicable("a finding above says what one fit leaves to the next")
    return _left_outside(examination) or _after_another(examination)


_SAME_CAUSE = ("state_shared_weights", "state_shared_optimizer", "state_shared_callback")


def _finding(title, evidence, fix=FIX, code=ORDER):
    return Finding(code, "fault", "serious", title, fix, evidence=evidence)


def _renamed(examination):
    """Monitored names that only some fits have, up to the number that Keras appends."""
    monitored = {
        facts["settings"].get("monitor")
        for record in examination.recorder.fits
        for facts in record.callback_facts
    } - {None}
    roots = {}
    for record in examination.recorder.fits:
        for name in record.history:
            roots.setdefault(re.sub(r"_\d+$", "", name), set()).add(name)
    return sorted(
        name
        for monitor in monitored
        for names in (roots.get(re.sub(r"_\d+$", "", monitor), set()),)
        if len(names) > 1
        for name in names
    )[:4]


def _left_outside(examination):
    """What fits left on a class or in a module, if a fit ends otherwise for it: the search's last,
    which came after most others, or its first."""
    changed = examination.starts.outside.changed()
    if not changed:
        return []
    first, last, _ = _fits(examination, 3)
    for trial in (first,) if last is first else (last, first):
        if not examination.budget.allows(3, trial.seconds):
            continue
        seen = _with_and_without(examination, trial)
        if seen:
            return [_of_what_is_outside(examination, changed, seen)]
    return []


def _with_and_without(examination, trial):
    """What tells a fit with what is left outside from one without, if it ends otherwise."""

    def again():
        made = examination.fit(trial.candidate, trial.fold, seed=examination.subject.random_state)
        return made.records

    before = dict(examination.starts.latest)
    worn = again()
    begun = dict(examination.starts.latest)
    with examination.starts.changed(is_fresh=True):
        fresh, control = again(), again()
    if not (worn and fresh and control):
        return None
    ends = [[record.end_digest for record in records] for records in (worn, fresh, control)]
    if ends[1] != ends[2] or ends[0] == ends[1]:
        return None
    return {
        "loss_as_left": worn[-1].loss_last,
        "loss_afresh": fresh[-1].loss_last,
        "likeness_to_weights_trained_before": _likeness(before, begun, examination.starts.latest),
    }


def _likeness(before, worn, fresh):
    """Correlation of the first weights with what another fit has learnt: what is left of both
    without the weights that it, and this one afresh, began with."""
    for shapes, (first, _) in worn.items():
        if shapes not in before or shapes not in fresh or first is before[shapes][0]:
            continue
        begun, ended = map(_flat, before[shapes])
        if len(begun) < _MIN_WEIGHTS:
            continue
        known = np.column_stack([begun, _flat(fresh[shapes][0]), np.ones(len(begun))])
        both = np.column_stack([_flat(first), ended - begun])
        left = both - known @ np.linalg.lstsq(known, both, rcond=None)[0]
        spread = np.linalg.norm(left, axis=0)
        if (spread > 1e-4 * np.linalg.norm(both, axis=0)).all():
            return float(left[:, 0] @ left[:, 1] / spread.prod())
    return 0.0


def _flat(values):
    """Weights as one vector: seeds are no weights."""
    weights = [np.ravel(each).astype(float) for each in values if each.dtype.kind == "f"]
    return np.concatenate(weights) if weights else np.zeros(0)


def _of_what_is_outside(examination, changed, seen):
    if seen["likeness_to_weights_trained_before"] > _ALIKE:
        return _finding(
            f"{', '.join(changed)} keeps weights that a fit has trained, and the next starts from "
            "them, if not digit by digit: the same fit with the same seed ends otherwise for it",
            {"held_outside": changed, **seen},
            FIX_WEIGHTS,
            WEIGHTS,
        )
    callbacks = {name for record in examination.recorder.fits for name, _ in record.callbacks}
    is_theirs = all(name.partition(".")[0] in callbacks for name in changed)
    return _finding(
        f"{', '.join(changed)} changed in one fit and was not as before in the next: the same "
        "fit with the same seed ends with other weights for it",
        {"held_outside": changed, **seen},
        FIX_OUTSIDE,
        CALLBACK if is_theirs else ORDER,
    )


def _fits(examination, n_fits):
    """First and last fit of the search, and what makes one again with the seed fixed."""
    order = [trial for trial in examination.trials if trial.record is not None and not trial.error]
    if not order:
        raise NotApplicable("no fit of the search succeeded")
    seed = examination.subject.random_state
    examination.require(n_fits)

    def again(trial):
        return examination.fit(trial.candidate, trial.fold, seed=seed).record

    return order[0], order[-1], again


def _after_another(examination):
    first, other, again = _fits(examination, 4)

    alone, control = again(first), again(first)
    if alone is None or control is None:
        raise NotApplicable("the fit cannot be repeated")
    changed = _settings(alone, control)
    if changed:
        return [
            _finding(
                f"the same fit with the same seed, made twice, had another {' and '.join(changed)}",
                {
                    "differs": changed,
                    "learning_rates": [
                        alone.learning_rate_given,
                        control.learning_rate_given,
                    ],
                },
            )
        ]
    if alone.end_digest != control.end_digest:
        raise NotApplicable("the fit is not repeatable with its seed fixed, one after the other")
    again(other)
    after = again(first)
    if after is not None and after.end_digest == alone.end_digest:
        return []
    return [
        _finding(
            "the same fit with the same seed ends with other weights after another candidate's",
            {
                "loss_alone": alone.loss_last,
                "loss_after_another": None if after is None else after.loss_last,
            },
        )
    ]


def _settings(one, two):
    """What Keras was given differently, though parameters, rows and seed are the same."""
    told = {
        "architecture": lambda record: record.facts.get("architecture"),
        "optimizer": lambda record: record.facts.get("optimizer"),
        "number of epochs": lambda record: record.epochs_asked,
        "batch size": lambda record: record.batch_size,
        "number of rows": lambda record: record.n_rows,
    }
    return [name for name, look in told.items() if look(one) != look(two)]
