"""budget/still-improving, budget/ranking-not-settled: what training longer would change."""

import numpy as np

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.effects import NULL, of_trials, settled, severity, shown
from helpers.diagnosis.findings import Finding, Fix, judged
from helpers.diagnosis.probes import Arm, probe_scores, probes, require_matrix
from helpers.diagnosis.registry import NotApplicable, check

_CODES = ("budget/still-improving", "budget/ranking-not-settled")
LONGER = 4
#: Share of the loss's whole way that the last fifth of the epochs still goes, from which on a
#: fit is worth training longer to see.
_SLOPE = 0.02
_MOST_CANDIDATES = 4
#: Epochs, up to which a loss that does not fall any more may be on a plateau before it falls.
_FEW_EPOCHS = 30
#: Of the budget; the rest is for the checks after this one.
_SHARE = 0.6


def _is_beaten(examination):
    """Whether trees do better, in every fold, than the winner after few epochs: a loss that does
    not fall any more may be on a plateau, as of deep nets at first."""
    trials = [] if examination.best is None else examination.of(examination.best)
    records = [trial.record for trial in trials if trial.record is not None]
    if not records or any(each.stopped_early or each.epochs_run > _FEW_EPOCHS for each in records):
        return False
    try:
        X, y = require_matrix(examination.subject)
        model = probes(examination.subject.is_classification)["trees"]
        theirs = probe_scores(examination.subject, model, Arm(X, y, examination.subject.splits))
    except Exception:  # noqa: BLE001 - a scorer of the user's may take no other model
        return False
    ahead = theirs.folds - examination.scores[examination.best]
    return bool((ahead > 0).all() and ahead.mean() > examination.delta)


@check(
    *_CODES, needs={"fits"}, fits=12, proves=False, weight=4, null=NULL,
)  # fmt: skip
def budget_extension(examination):
    """Candidates whose loss still falls at the end, and all of them where trees beat the winner,
    are trained for four times as many epochs (in a halving search that ended early, for as many as
    it allows), on the same folds and seeds, and compared with what they scored."""
    best = examination.best
    if best is None:
        raise NotApplicable("no candidate has a score")
    rising = [
        candidate
        for candidate in range(len(examination.subject.candidates))
        if _still_falls(examination, candidate)
    ]
    if not rising and _is_beaten(examination):
        rising = list(range(len(examination.subject.candidates)))
    if not rising:
        return []
    remedy = Remedy({"epochs_factor": _factor(examination)})
    examination.remedies |= dict.fromkeys(_CODES, remedy)
    chosen = _chosen(examination, best, rising)
    longer = _extended(examination, chosen)
    found, vague = [], None
    for look in (_improving, _unsettled):
        try:
            found += look(examination, best, longer)
        except NotApplicable as why:
            vague = why
    if vague and not found:
        raise vague
    return found


def _still_falls(examination, candidate):
    """Whether most fits of a candidate end on a slope, and no stopper ended them."""
    records = [trial.record for trial in examination.of(candidate) if trial.record is not None]
    if not records:
        return False
    return np.mean([_ends_on_a_slope(record) for record in records]) > 0.5


def _ends_on_a_slope(record):
    losses = np.asarray(record.history.get("loss", []), dtype=float)
    if record.stopped_early or not len(losses) or not np.isfinite(losses).all():
        return False
    if len(losses) < 3:
        return True
    last = max(1, len(losses) // 5)
    whole = losses[0] - losses.min()
    return losses[-1 - last] - losses[-1] > _SLOPE * max(whole, 1e-12)


def _chosen(examination, best, rising):
    """The winner, and those that may overtake it: the best, and the fastest at the end."""
    means = np.nan_to_num(examination.means, nan=-np.inf)
    by_score = [int(each) for each in np.argsort(-means) if int(each) != best]
    by_gain = sorted(rising, key=lambda each: -_gain(examination, each))
    others = []
    for pair in zip(by_score, [each for each in by_gain if each != best] + by_score, strict=False):
        others += [each for each in pair if np.isfinite(means[each])]
    return [best, *dict.fromkeys(others)][:_MOST_CANDIDATES]


def _gain(examination, candidate):
    gains = [0.0]
    for trial in examination.of(candidate):
        losses = trial.record.history.get("loss", []) if trial.record else []
        if len(losses) > 2:
            last = max(1, len(losses) // 5)
            gains.append(losses[-1 - last] - losses[-1])
    return float(np.mean(gains))


def _extended(examination, chosen):
    """Trials by candidate and fold, trained longer."""
    folds = sorted({trial.fold for trial in examination.of(chosen[0])})
    # As many candidates as can be paid on all folds; two, and then the winner, on two at least.
    times = _times(examination, chosen)
    while len(chosen) > 2 and not _pays(examination, len(chosen) * len(folds), times):
        chosen = chosen[:-1]
    while len(folds) > 2 and not _pays(examination, len(chosen) * len(folds), times):
        folds = folds[:-1]
    if not _pays(examination, len(chosen) * len(folds), times):
        chosen = chosen[:1]
    examination.require(len(chosen) * len(folds), times)
    longer = {each: {} for each in chosen}
    for done, fold in enumerate(folds):
        if done > 1 and _is_settled(examination, longer):
            break
        for candidate in chosen:
            is_needed = done < 2 and candidate == chosen[0]
            if not is_needed and examination.budget.is_spent(_SHARE):  # slower than expected
                break
            longer[candidate][fold] = _longer(examination, candidate, fold)
    return _whole(longer)


def _whole(longer):
    """Without a fold that the budget ended, if two are left; else without those that lack it."""
    common = set.intersection(*(set(trials) for trials in longer.values()))
    if len(common) > 1:
        return {
            each: {fold: trial for fold, trial in trials.items() if fold in common}
            for each, trials in longer.items()
        }
    folds = next(iter(longer.values())).keys()
    return {each: trials for each, trials in longer.items() if trials.keys() == folds}


def _is_settled(examination, longer):
    """Whether the folds so far say that neither the winner nor another gains what matters."""
    best = next(iter(longer))
    trials = {each: list(by_fold.values()) for each, by_fold in longer.items()}
    later = trials.pop(best)
    before = [trial for trial in examination.of(best) if trial.fold in longer[best]]
    pairs = [(later, before), *((each, later) for each in trials.values())]
    if any(len(first) != len(second) for first, second in pairs):
        return True  # the budget has ended a fold
    return all(
        judged(of_trials(first, second, examination).interval, examination.delta) == "not the cause"
        for first, second in pairs
    )


def _longer(examination, candidate, fold, seed=None):
    with examination.starts.changed(epochs_factor=_factor(examination)):
        return examination.fit(candidate, fold, seed=seed)


def _factor(examination):
    return max(LONGER, examination.subject.epochs_allowed)


def _pays(examination, n_fits, times):
    return examination.budget.allows(n_fits, times * examination.seconds_a_fit, _SHARE)


def _times(examination, chosen):
    """How much longer a fit takes with more epochs."""
    trial = examination.of(chosen[0])[0]
    if not trial.seconds:
        return _factor(examination)
    epochs = _factor(examination) * max(1, trial.record.epochs_run)
    return trial.seconds_for(epochs) / trial.seconds


def _improving(examination, best, longer):
    later = list(longer[best].values())
    trials = [trial for trial in examination.of(best) if trial.fold in longer[best]]
    before, after = ([trial.score for trial in each] for each in (trials, later))
    if len(later) < 2 or not np.isfinite([*after, *before]).all():
        return []
    effect = settled(
        examination, later, trials,
        (
            lambda fold, seed: _longer(examination, best, fold, seed),
            lambda fold, seed: examination.fit(best, fold, seed=seed),
        ),
    )  # fmt: skip
    verdict = shown(effect, examination.delta)
    if verdict is None:
        return []
    record = examination.of(best)[0].record
    return [
        Finding(
            "budget/still-improving", verdict, severity(verdict, effect),
            f"the winner gains {effect.mean:+.3f} by {_factor(examination)} times its "
            f"{record.epochs_run} epochs",
            Fix(
                "Train until the score on held-out training rows stops rising, then search.",
                'KerasClassifier(build, epochs="auto")',
            ),
            effect=effect.mean, interval=effect.interval,
            evidence={
                "epochs": record.epochs_run, "scores": before, "scores_trained_longer": after,
                "losses": record.history.get("loss", [])[-5:],
            },
        )
    ]  # fmt: skip


def _unsettled(examination, best, longer):
    scores = {each: [trial.score for trial in trials.values()] for each, trials in longer.items()}
    if len(longer) < 2 or len(scores[best]) < 2:
        return []
    means = {each: np.mean(row) for each, row in scores.items()}
    finite = {each: mean for each, mean in means.items() if np.isfinite(mean)}
    winner = max(finite, key=finite.get, default=best)
    if winner == best or best not in finite:
        return []
    effect = settled(
        examination, list(longer[winner].values()), list(longer[best].values()),
        tuple(
            lambda fold, seed, each=each: _longer(examination, each, fold, seed)
            for each in (winner, best)
        ),
        scores=np.array(list(scores.values())),
    )  # fmt: skip
    verdict = shown(effect, examination.delta)
    if verdict is None:
        return []
    candidates = examination.subject.candidates
    return [
        Finding(
            "budget/ranking-not-settled", verdict,
            severity(verdict, effect),
            f"with {_factor(examination)} times the epochs {candidates[winner]} wins, by "
            f"{effect.mean:.3f} over the search's choice {candidates[best]}",
            Fix(
                "Compare candidates after as much training as each of them needs.",
                'KerasClassifier(build, epochs="auto")',
            ),
            effect=effect.mean, interval=effect.interval,
            evidence={
                "winner": dict(candidates[best]), "winner_trained_longer": dict(candidates[winner]),
                "scores": {str(candidates[each]): float(mean) for each, mean in means.items()},
            },
        )
    ]  # fmt: skip
