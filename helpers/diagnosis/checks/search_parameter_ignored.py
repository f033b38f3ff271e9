"""search/parameter-ignored: a searched parameter changes neither the model nor the training."""

import itertools
import json

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check


@check("search/parameter-ignored", needs={"fits"}, fits=2)
def search_parameter_ignored(examination):
    """Two candidates that differ in one parameter alone are compared by what Keras was given
    (model, optimizer, loss, callbacks, epochs, batches, rows); if all is equal, both are trained
    for one epoch from the same weights and seed, and what the score reads compared digit by digit.
    First weights that no seed changes were put there by the parameter. A model with a `train_step`
    of its own may leave alone what it was given, its optimizer, its loss, penalties and dropout, so
    that the shapes of its weights count alone; learning rates that a callback overrides do not
    count. What acts on the winner, and on no other candidate, is not ignored."""
    if len(examination.listed) < 2:
        raise NotApplicable("needs a search with at least two candidates")
    dead = []
    for key in _keys(examination.listed):
        pairs = _pairs(examination, key)
        if (
            pairs
            and all(_alike(examination, *pair) for pair in pairs)
            and _same(examination, key, *pairs[0])
            and _does_nothing_to_the_winner(examination, key, pairs)
        ):
            dead.append(key)
    if not dead:
        return []
    return [
        Finding(
            "search/parameter-ignored", "fault", "serious",
            f"{', '.join(dead)}: searched, and nothing in the model, its training or what the "
            "score reads changes",
            _fix(examination, dead[0]),
            evidence={
                "parameters": dead,
                "values": {
                    key: sorted({str(each.get(key)) for each in examination.listed})
                    for key in dead
                },
            },
        )
    ]  # fmt: skip


def _fix(examination, key):
    name = key.rpartition("__")[2]
    records = [trial.record for trial in examination.trials if trial.record is not None]
    if any(_is_set_by_a_callback(*pair) for pair in itertools.combinations(records, 2)):
        return Fix(
            "Let the schedule start from the learning rate that the optimizer has, or search the "
            "schedule's own.",
            "def schedule(epoch, rate):\n    return rate * 0.95  # not a number of its own",
        )
    if "optimizer__" in key:
        lines = f"def build(meta):\n    return model  # not compiled: {key} acts then"
    else:
        lines = f"def build(meta, {name}):\n    ...  # {name} is used in here"
    return Fix(
        "Let the builder use the parameter, or return the model uncompiled so that the wrapper's "
        "optimizer parameters act; give each setting in one place only.",
        lines,
    )


def _keys(candidates):
    keys = dict.fromkeys(key for each in candidates for key in each)
    return [
        key
        for key in keys
        if not key.endswith(("random_state", "seed"))
        and len({repr(each.get(key)) for each in candidates}) > 1
    ]


def _pairs(examination, key):
    """Pairs of candidates, as parameters, that differ in this key alone.

    Random draws have none, nor have those that the budget left: then the first candidate, and the
    same with another value of the key.
    """
    candidates = examination.subject.candidates
    cells = {}
    for position, each in enumerate(candidates):
        if key in each:
            rest = repr(sorted((name, repr(each[name])) for name in each if name != key))
            cells.setdefault(rest, []).append(position)
    pairs = [
        (first, second)
        for cell in cells.values()
        for first, second in itertools.combinations(cell, 2)
        if repr(candidates[first][key]) != repr(candidates[second][key])
    ]
    return [(candidates[first], candidates[second], first, second) for first, second in pairs] or (
        _made(examination.listed, key)
    )


def _does_nothing_to_the_winner(examination, key, pairs):
    """Where no pair has the winner: a dropout may act in hidden layers alone, which others lack."""
    best = examination.best
    if best is None or any(best in pair[2:] or None in pair[2:] for pair in pairs):
        return True  # random draws are of one space
    winner = examination.subject.candidates[best]
    values = [each[key] for each in examination.subject.candidates if key in each]
    others = [each for each in values if repr(each) != repr(winner.get(key))]
    if key not in winner or not others:
        return True
    return _same(examination, key, winner, winner | {key: others[-1]}, None, None)


def _made(candidates, key):
    with_key = [each for each in candidates if key in each]
    if len(with_key) < 2:
        return []
    first = with_key[0]
    other = next(each for each in with_key if repr(each[key]) != repr(first[key]))
    return [(first, first | {key: other[key]}, None, None)]


def _alike(examination, first, second, *positions):
    """Whether Keras was given the same in both; unknown counts as alike, and is then tried."""
    if None in positions:
        return True
    one, two = ({trial.fold: trial for trial in examination.of(each)} for each in positions)
    common = sorted(set(one) & set(two))
    if not common:
        return False
    one, two = one[common[0]], two[common[0]]
    return _signature(one, two) == _signature(two, one)


def _signature(trial, other):
    """What Keras was given, as far as it tells whether the other trial trained otherwise."""
    record = trial.record
    if record is None:
        return trial.error
    own_step = record.facts.get("own_step")
    names = ("shapes",) if own_step else ("architecture", "loss")
    is_left = own_step or _is_set_by_a_callback(record, other.record)
    optimizer = record.facts.get("optimizer"), record.learning_rate_given
    # Which rows are set apart may be drawn by chance: trainings from one seed tell.
    rows = record.rows_digest if record.val_rows is None else None
    return json.dumps(
        [
            {name: record.facts.get(name) for name in names},
            None if is_left else optimizer,
            [(facts["name"], facts["settings"]) for facts in record.callback_facts],
            record.epochs_asked, record.batch_size, record.steps,
            rows, len(trial.records),
        ],
        default=str,
    )  # fmt: skip


def _is_set_by_a_callback(record, other):
    """Whether two rates are given, and a callback has set both to one before the first epoch."""
    if other is None or record.learning_rate_given == other.learning_rate_given:
        return False
    acting = (record.learning_rate_start, record.learning_rate_end)
    return acting == (other.learning_rate_start, other.learning_rate_end)


def _same(examination, key, first, second, *positions):
    """Whether short trainings from one seed end the same with both values.

    What a callback or a step of its own does may begin late: then whole ones have to, as well.
    """
    is_epochs = key.rpartition("__")[2] == "epochs"
    short = {"most_epochs": None if is_epochs else 1}
    one, two = pair = _fits(examination, first, second, **short)
    if any(trial.error for trial in pair):
        return False
    if None in positions and _signature(one, two) != _signature(two, one):
        return False
    if _starts(one) != _starts(two):
        # A layer that is made and not used draws a seed, too: what is drawn after it differs.
        if not _are_drawn(examination, first, one, two):
            return False
        pair = _fits(examination, first, second, **short, common=[])
    read = _read_by(examination.subject)
    if not _ended_the_same(*pair, read):
        return False
    if is_epochs or not any(_may_act_late(trial.record) for trial in pair):
        return True
    return _ended_the_same(*_fits(examination, first, second, common=[]), read)


def _share_of_one_epoch(examination):
    """What a fit of one epoch takes, of a whole one."""
    known = [trial for trial in examination.trials if trial.record is not None and trial.seconds]
    shares = [trial.seconds_for(1) / trial.seconds for trial in known]
    return float(np.clip(np.mean(shares), 0.05, 1.0)) if shares else 1.0


def _fits(examination, *candidates, later=0, **settings):
    """Fits of candidates on one fold, with one seed: that of the search, or a later one."""
    fold, seed = examination.trials[0].fold, examination.subject.random_state + later
    is_short = settings.get("most_epochs") is not None
    examination.require(len(candidates), _share_of_one_epoch(examination) if is_short else 1.0)
    with examination.starts.changed(is_fresh=True, **settings):
        return [examination.fit_allowed(0, fold, params=params, seed=seed) for params in candidates]


def _starts(trial):
    return [] if trial.record is None else list((trial.record.start or {}).values())


def _are_drawn(examination, first, one, two):
    """Whether what the two start from differs by chance alone: weights that are the same with
    another seed were put there on purpose, which is what the parameter does."""
    (other,) = _fits(examination, first, later=1, most_epochs=1)
    starts = _starts(one), _starts(two), _starts(other)
    if len({len(each) for each in starts}) > 1:
        return False
    return all(a != c for a, b, c in zip(*starts, strict=True) if a != b)


def _may_act_late(record):
    return record is not None and bool(record.callback_facts or record.facts.get("own_step"))


def _read_by(subject):
    """What the score reads of an estimator: a threshold is nothing to it if these are shares."""
    response = getattr(next(iter(subject.scorers.values())), "_response_method", "predict")
    return "predictions" if "predict" in np.atleast_1d(response) else "probabilities"


def _ended_the_same(one, two, read):
    if getattr(one, read) is None or getattr(two, read) is None:
        read = "predictions"
    return bool(np.array_equal(getattr(one, read), getattr(two, read))) and (
        one.record is None or two.record is None or one.record.end_digest == two.record.end_digest
    )
