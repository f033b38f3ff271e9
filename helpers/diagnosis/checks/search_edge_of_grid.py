"""search/edge-of-grid: the score still rises at the edge of the grid."""

import numbers
import re

import numpy as np

from helpers.diagnosis.effects import NULL, settled, severity, shown
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

#: Where zero means "none of it"; of units, batches, rates it means nothing at all.
_MAY_BE_ZERO = re.compile("dropout|drop|penalty|l1|l2|decay|momentum|reg|noise|smoothing|alpha")


@check(
    "search/edge-of-grid", needs={"trials", "search", "candidates"}, fits=3, proves=False,
    null=NULL,
)  # fmt: skip
def search_edge_of_grid(examination):
    """Where the winner has the largest or smallest value tried and its neighbour scores less, a
    value beyond the edge is fitted on the same folds."""
    best = examination.best
    if best is None:
        raise NotApplicable("no candidate has a score")
    found = []
    for key, values in _numeric(examination.subject.candidates).items():
        beyond = _beyond(examination, best, key, values)
        if beyond is not None:
            found += _tried(examination, best, key, values, beyond)
    return found


def _numeric(candidates):
    """Values tried of each numeric parameter, in order; at least two."""
    keys = dict.fromkeys(key for each in candidates for key in each)
    values = {
        key: sorted({each[key] for each in candidates if _is_number(each.get(key))}) for key in keys
    }
    return {
        key: each
        for key, each in values.items()
        if len(each) > 1 and not key.endswith(("random_state", "seed"))
    }


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _beyond(examination, best, key, values):
    """The next value after the edge on which the winner is; None if it is on none that matters."""
    value = examination.subject.candidates[best].get(key)
    if not _is_number(value) or value not in (values[0], values[-1]):
        return None
    at_top = value == values[-1]
    inner = values[-2] if at_top else values[1]
    if not _rises(examination, best, key, inner):
        return None
    geometric = min(values) > 0 and (
        len(values) < 3 or max(values) / min(values) > 8 or _is_constant(values)
    )
    # Far enough for a rise to show: as far as the range that was tried, or to zero.
    far = value - (values[0] if at_top else values[-1])
    near = value - inner
    step = value * (value / inner) if geometric else value + (far if abs(far) > abs(near) else near)
    if isinstance(value, numbers.Integral):
        step = round(step)
    elif isinstance(step, float):
        step = float(f"{step:.6g}")  # 0.4, and not 0.4000000000000001
    if values[0] >= 0 and step < 0:
        step = 0 * value
    if step == value or (values[0] == 0 and not at_top):
        return None
    if step <= 0 and not _MAY_BE_ZERO.search(key):
        return None
    within_share = all(0 <= each <= 1 for each in values) and (
        "rate" in key or "dropout" in key or "momentum" in key or "beta" in key
    )
    if within_share and step >= 1 and at_top and "learning_rate" not in key:
        return None
    return step


def _is_constant(values):
    """Whether each value is the same multiple of the one before."""
    ratios = np.divide(values[1:], values[:-1])
    return np.allclose(ratios, ratios[0])


def _rises(examination, best, key, inner):
    """Whether the neighbour inside the grid, otherwise alike, scores less by the margin."""
    params = examination.subject.candidates[best] | {key: inner}
    for position, each in enumerate(examination.subject.candidates):
        if each == params:
            return examination.means[best] - examination.means[position] > examination.delta
    return False


def _tried(examination, best, key, values, beyond):
    params = examination.subject.candidates[best] | {key: beyond}
    trials = examination.of(best)
    examination.require(len(trials), 1.5)
    tried = [examination.fit(best, trial.fold, params=params) for trial in trials]
    before, after = ([trial.score for trial in each] for each in (trials, tried))
    if len(trials) < 2 or not np.isfinite([*after, *before]).all():
        return []
    effect = settled(
        examination, tried, trials,
        (
            lambda fold, seed: examination.fit(best, fold, params=params, seed=seed),
            lambda fold, seed: examination.fit(best, fold, seed=seed),
        ),
    )  # fmt: skip
    verdict = shown(effect, examination.delta)
    if verdict is None:
        return []
    value = examination.subject.candidates[best][key]
    return [
        Finding(
            "search/edge-of-grid", verdict, severity(verdict, effect),
            f"{key}={value} is at the edge of the grid; {beyond} scores {effect.mean:+.3f}",
            Fix(f"Widen the grid of {key} beyond {value}.", f'"{key}": [{value}, {beyond}, ...]'),
            effect=effect.mean, interval=effect.interval,
            evidence={"values": values, "scores": before, "scores_beyond": after},
        )
    ]  # fmt: skip
