"""The same rows, or nearly the same, on both sides of a split."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import Arm, measured, require_matrix, with_columns
from helpers.diagnosis.registry import NotApplicable, check

MAX_ROWS = 6000
#: Chance, for an honest row, to have a neighbour as near as what is called a twin.
_CHANCE = 1e-3
_NEAREST = 0.5
#: Copies of one row that are looked for, and the share of rows that have some where all have few.
_MOST_COPIES, _MANY = 9, 0.2
#: Columns whose ranges are at most so many times the middling one are measured in one unit.
_ONE_UNIT = 4
#: So many rows of a fold are left to train on without twins where their effect is measured.
_FEW = 20
#: Fewer test rows with a twin than this share cannot move a score by a practical margin.
_SHARE = 0.02

FIX = Fix(
    "Resample, augment or copy only the training rows of each fold, and keep what stems from one "
    "source on one side of the split.",
    "from imblearn.pipeline import make_pipeline  # resamples while fitting only\n"
    "search = GridSearchCV(make_pipeline(SMOTE(), estimator), grid)\n"
    "# or, with the source of each row:\n"
    "GridSearchCV(estimator, grid, cv=StratifiedGroupKFold()).fit(X, y, groups=source)",
)


@check(
    "leak/duplicate-rows",
    fits=6,
    proves=False,
    null="independent rows of locally even density: one in 1000 has a twin; a finding needs 20 in "
    "1000 (fewer than 3 are there, in 1 to 300 columns) and, unless rows are equal, an effect",
)
def leak_duplicate_rows(examination):
    """Held-out rows that the splitter hands out for training too, and those with a twin among the
    training rows: equal, or far nearer than the local density of rows explains; then the score with
    them left out of training, against the same number of other rows left out.

    Equal rows of a few whole numbers are honest repeats: they have neighbours that differ in one
    column as well, which copies have not.
    """
    subject = examination.subject
    X, y = require_matrix(subject)
    if len(X) > MAX_ROWS:
        raise NotApplicable(f"compares up to {MAX_ROWS} rows")
    if np.mean([np.isin(test, train).mean() for train, test in subject.splits]) >= _SHARE:
        rows = np.arange(len(X))
        first, second, n_equal = rows, rows, len(X)  # each row is its own twin
    else:
        first, second, n_equal = twins(X)
    if not len(first):
        return []
    agreeing, chance = agreement(y, first, second, subject.is_classification)
    share, lost, control = _arms(subject, y, first, second)
    if share < _SHARE or agreeing <= chance:
        return []
    if not n_equal and examination.known.get("leak_shared_groups"):
        raise NotApplicable("near rows are of one group: see leak/shared-groups")
    if min(len(train) for train, _ in lost) < _FEW:
        return [_finding("fault", share, _said(share, agreeing, first is second), {})]
    examination.remedies["leak/duplicate-rows"] = Remedy(
        narrowed=lambda splits: [
            (_apart(train, test, first, second), test) for train, test in splits
        ]
    )
    effect = measured(
        examination, Arm(X, y, control), Arm(X, y, lost),
        Arm(subject.X, subject.y, control), Arm(subject.X, subject.y, lost),
    )  # fmt: skip
    verdict, interval = effect.judged(examination.delta)
    if verdict != "fault" and not n_equal:
        return []  # near rows that are worth little are no copies
    evidence = {
        "pairs": len(first),
        "equal_pairs": n_equal,
        "label_agreement": agreeing,
        "label_agreement_by_chance": chance,
        **effect.evidence,
    }
    return [_finding(verdict, share, _said(share, agreeing, first is second), evidence, interval)]


def _said(share, agreeing, is_same):
    if is_same:
        return f"{share:.0%} of the held-out rows are training rows of the same split as well"
    return (
        f"{share:.0%} of the held-out rows have a twin among the training rows; {agreeing:.0%} of "
        "the twins agree in their label"
    )


def _finding(verdict, share, title, evidence, interval=None):
    return Finding(
        "leak/duplicate-rows",
        verdict,
        "serious" if verdict == "fault" else "info",
        title,
        FIX,
        effect=interval and interval.mean,
        interval=interval and tuple(interval[1:]),
        evidence={"share_of_held_out_rows": share, **evidence},
    )


def twins(X):
    """Pairs of rows that are equal or far nearer than the rows around explain.

    Returns
    -------
    first, second : ndarray of int
    n_equal : int
        Pairs that are equal.

    Notes
    -----
    Columns are standardised; those in one unit, like pixels, are taken as they are as well.

    Where m is the dimension, the number of rows within a distance d grows with d ** m. m is read
    off the outer neighbours (the 20th and the 40th); the chance that one of the k rows within D
    lies within d is then about k (d / D) ** m. Several copies of each row are as many neighbours
    before a gap.
    """
    X = with_columns(X)
    X = X[:, np.ptp(X, axis=0) > 0]
    if len(X) < 30 or not X.shape[1]:
        return np.array([], int), np.array([], int), 0
    spread = np.ptp(X, axis=0)
    scalings = [X.std(axis=0)]
    if spread.max() < _ONE_UNIT * np.median(spread):  # pixels: noise where all are black is small
        scalings.append(1.0)
    found = [_twins((X - X.mean(axis=0)) / scaling, _is_discrete(X)) for scaling in scalings]
    pairs = np.unique(np.concatenate([each for each, _ in found]), axis=0)
    return pairs[:, 0], pairs[:, 1], max(n_equal for _, n_equal in found)


def _twins(X, is_discrete):
    """Pairs, and how many of them are equal, by Euclidean distance."""
    n = len(X)
    outer = min(40, n // 3)
    distances, neighbours = NearestNeighbors(n_neighbors=outer + 1).fit(X).kneighbors(X)
    inner = outer // 2
    reach = distances[:, inner]
    equal = distances < 1e-6 * np.maximum(1e-12, np.median(distances[:, -1]))
    equal[np.arange(n), np.argmax(neighbours == np.arange(n)[:, None], axis=1)] = False
    near = ~equal & (neighbours != np.arange(n)[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.log(distances[:, -1] / reach)[(reach > 0) & (distances[:, -1] > reach)]
        dimension = np.log(outer / inner) / np.median(growth) if len(growth) else 1.0
        ratio = distances / reach[:, None]
        chance = inner * ratio**dimension
    close = near & (ratio < _NEAREST) & (reach > 0)[:, None]
    near = close & (chance < _CHANCE)
    apart = close & _before_a_gap(distances, dimension)
    if apart.any(axis=1).mean() > _MANY:
        near |= apart
    if is_discrete:
        near[:] = False
        equal &= ~_has_brother(X, equal)[:, None]
    pairs = np.argwhere(near | equal)
    pairs[:, 1] = neighbours[pairs[:, 0], pairs[:, 1]]
    return pairs, int(equal.sum()) // 2


def _before_a_gap(distances, dimension):
    """Neighbours after which the next is farther away than chance explains.

    The k-th distance over the next exceeds r by chance with probability 1 - r ** (k m).
    """
    most = min(_MOST_COPIES, distances.shape[1] - 2)
    k = np.arange(1, most + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = distances[:, 1 : most + 1] / distances[:, 2 : most + 2]
        unlikely = most * ratio ** (k * dimension) < _CHANCE
    last = np.where(unlikely.any(axis=1), most - np.argmax(unlikely[:, ::-1], axis=1), 0)
    return np.arange(distances.shape[1]) <= last[:, None]


def agreement(y, first, second, is_classification):
    """Share of pairs with one label, and the same for pairs at random, two SE above."""
    if is_classification:
        same, counts = float(np.mean(y[first] == y[second])), np.bincount(y) / len(y)
        chance = float((counts**2).sum())
    else:
        same = float(np.mean(np.abs(y[first] - y[second]) < 0.25 * y.std()))
        rng = np.random.default_rng(0)
        chance = float(np.mean(np.abs(y - rng.permutation(y)) < 0.25 * y.std()))
    return same, min(1.0, chance + 2 * np.sqrt(max(chance * (1 - chance), 0) / len(first)))


def _arms(subject, y, first, second):
    """Share of held-out rows with a twin in training; splits without twins; with as many fewer."""
    rng, with_twin, lost, control = np.random.default_rng(0), 0, [], []
    for train, test in subject.splits:
        in_test = np.zeros(len(y), bool)
        in_test[test] = True
        crossing = in_test[first] & np.isin(second, train)
        with_twin += len(np.unique(first[crossing]))
        others = _apart(train, test, first, second)
        out = rng.permutation(others)[: min(len(train) - len(others), len(others) // 2)]
        lost.append((others, test))
        control.append((np.setdiff1d(train, out), test))
    return with_twin / sum(len(test) for _, test in subject.splits), lost, control


def _apart(train, test, first, second):
    """Training rows without a twin among the held-out rows."""
    return np.setdiff1d(train, second[np.isin(first, test)])


def _is_discrete(X):
    """Whether rows can repeat honestly: every column takes few values."""
    limit = max(20, 0.1 * len(X))
    return all(len(np.unique(column)) <= limit for column in X.T)


def _has_brother(X, equal):
    """Rows with an equal that have a row unlike them in one column only, too.

    One category for another is two columns, of those that are 1 for one category each.
    """
    found, is_binary = np.zeros(len(X), bool), np.array([len(np.unique(c)) == 2 for c in X.T])
    for row in np.flatnonzero(equal.any(axis=1)):
        unlike = X[row] != X
        n_unlike, n_others = unlike.sum(axis=1), unlike[:, ~is_binary].sum(axis=1)
        found[row] = ((n_unlike == 1) | ((n_unlike == 2) & (n_others == 0))).any()
    return found
