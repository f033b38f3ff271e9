"""Rows of one patient, subject or source on both sides of a split."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import matrix, require_matrix, with_columns
from helpers.diagnosis.registry import check
from helpers.diagnosis.regrouped import compared

_REPEATS, _MIN_GROUPS, _MAX_KEYS = 3, 10, 3
#: Letters and digits take turns in a text; so many of them are looked at.
_MAX_PARTS = 6
#: A column is taken for a key where the nearest row shares its value so much above chance.
_SAME_NEIGHBOUR, _ABOVE_CHANCE = 0.25, 5

FIX = Fix(
    "Keep each group on one side of every split.",
    "search = GridSearchCV(estimator, grid, cv=StratifiedGroupKFold(n_splits=5))\n"
    "search.fit(X, y, groups=groups)",
)


@check(
    "leak/shared-groups",
    fits=5,
    proves=False,
    null="groups that say nothing of rows and labels: splits by them score as splits by chance "
    "do; the interval counts groups, its lower end must be above delta: nominally below 2.5 %, "
    "0 of 61 simulated",
)
def leak_shared_groups(examination):
    """For groups that the splits divide, and for columns that look like the number of a source:
    the score of cheap models (and of the winner, where the budget allows) with splits that mix
    groups against splits that keep each together.
    """
    subject, findings = examination.subject, []
    X, y = require_matrix(subject)
    for name, key, kept, beside in _keys(subject, X):
        shared = _shared(subject.splits, key)
        if shared == 0:
            continue
        mixed, apart = _splits(subject, y, key, kept)
        effect = compared(examination, beside, y, mixed, apart, key)
        examination.remedies["leak/shared-groups"] = Remedy(splits=apart[0], clusters=key)
        verdict, interval = effect.judged(examination.delta)
        if verdict != "fault":
            continue
        sizes = np.bincount(key)
        findings.append(
            Finding(
                "leak/shared-groups",
                "fault",
                "serious",
                f"{shared:.0%} of the held-out rows belong to one of the {len(sizes)} groups "
                f"({name}) that also train: with groups kept together models score "
                f"{interval.mean:.3f} less",
                FIX,
                effect=interval.mean,
                interval=tuple(interval[1:]),
                evidence={
                    "key": name,
                    "groups": len(sizes),
                    "rows_per_group": float(sizes.mean()),
                    "share_of_held_out_rows": shared,
                    **effect.evidence,
                },
            )
        )
        break
    return findings


def _keys(subject, X):
    """Names and group numbers of each row, of groups that the splits keep together already, and
    the rows for models.

    These are the groups given where splits divide them, and else columns that look like groups:
    where the splits keep the ones given, columns of which those are parts (visits of a patient).
    """
    if subject.groups is None or len(subject.groups) != subject.n_rows:
        return [(name, key, None, beside) for name, key, beside in _columns(subject, X)[:_MAX_KEYS]]
    given = pd.factorize(np.asarray(subject.groups).ravel())[0]
    if given.max() + 1 < _MIN_GROUPS:
        return []
    if _shared(subject.splits, given):
        return [("groups", given, None, X)]
    return [
        (name, key, given, beside) for name, key, beside in _columns(subject, X)
        if pd.Series(key).groupby(given).nunique().max() == 1
    ][:_MAX_KEYS]  # fmt: skip


def _columns(subject, X):
    table, keys = subject.X, []
    if hasattr(table, "columns"):
        columns = [(name, table[name]) for name in table.columns]
    else:
        values = matrix(table)
        columns = [(f"column {number}", pd.Series(values[:, number])) for number in
                   range(values.shape[1])] if values.shape[1] <= 200 else []  # fmt: skip
    for name, values in columns:
        if values.dtype.kind == "M" or values.isna().any():
            continue
        if values.dtype.kind == "f" and not np.array_equal(values, np.round(values)):
            continue
        key, names = pd.factorize(values)
        if _MIN_GROUPS * 2 <= len(names) <= len(values) / 2 and _holds_together(X, values, key):
            keys.append((str(name), key, X))
        elif len(names) > len(values) / 2 and values.dtype.kind not in "biuf":
            keys += _in_text(table, name, values)
    return keys


def _in_text(table, name, values):
    """Groups that a text holds which is another in each row: KH-1007-B3, scans/0012_left.png.

    The text itself is kept from the models: it need not reach the user's, and its order may tell.
    """
    parts = values.astype(str).str.findall(r"[A-Za-z]+|\d+")
    n_parts = min(int(parts.str.len().min()), _MAX_PARTS)
    beside = matrix(table.drop(columns=name)) if n_parts > 1 and table.shape[1] > 1 else None
    if beside is None:
        return []
    beginnings = [(n, parts.str[: n + 1].str.join("-")) for n in range(n_parts)]
    found, keys = [], []
    for n, text in beginnings + [(n, parts.str[n]) for n in range(1, n_parts)]:
        key, names = pd.factorize(text)
        if not _MIN_GROUPS * 2 <= len(names) <= len(values) / 2:
            continue
        if any(np.array_equal(key, each) for each in found):
            continue
        found.append(key)
        if _holds_together(beside, pd.Series(key), key):
            keys.append((f"{name}: {parts.iloc[0][n]} of {values.iloc[0]}", key, beside))
    return keys


def _holds_together(X, values, key):
    """Whether the nearest row, by the other columns, is of the same group far above chance."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    others = with_columns(X)
    with np.errstate(invalid="ignore"):
        same = [np.array_equal(column, numbers) for column in others.T]
    others = others[:, ~np.array(same) & (np.ptp(others, axis=0) > 0)]
    if not others.shape[1]:
        return False
    # Copies of one row are no group: leak/duplicate-rows looks for them.
    distinct = np.unique(others, axis=0, return_index=True)[1]
    if len(distinct) < 2 * _MIN_GROUPS:
        return False
    Z, key = StandardScaler().fit_transform(others[distinct]), key[distinct]
    nearest = NearestNeighbors(n_neighbors=2).fit(Z).kneighbors(Z, return_distance=False)[:, 1]
    chance = float(((np.bincount(key) / len(key)) ** 2).sum())
    return np.mean(key[nearest] == key) > max(_SAME_NEIGHBOUR, _ABOVE_CHANCE * chance)


def _shared(splits, key):
    """Share of the held-out rows whose group trains too."""
    counts = [(np.isin(key[test], key[train]).sum(), len(test)) for train, test in splits]
    return float(sum(a for a, _ in counts) / sum(b for _, b in counts))


def _splits(subject, y, key, kept):
    """Splits that mix groups, and splits that keep each together: as many of each."""
    parts = np.arange(len(y)) if kept is None else kept
    n_folds = int(np.clip(len(subject.splits), 3, 5))
    mixed, apart, nothing = [], [], np.zeros(len(y))
    for repeat in range(_REPEATS):
        options = {"n_splits": n_folds, "shuffle": True, "random_state": repeat}
        if subject.is_classification and np.bincount(y).min() >= n_folds:
            by = StratifiedKFold if kept is None else StratifiedGroupKFold
            mixed.append(list(by(**options).split(nothing, y, parts)))
            apart.append(list(StratifiedGroupKFold(**options).split(nothing, y, key)))
        else:
            mixed.append(list(GroupKFold(**options).split(nothing, y, parts)))
            apart.append(list(GroupKFold(**options).split(nothing, y, key)))
    return mixed, apart
