"""The data carry the mark of a transformer that was fitted on all rows, test rows among them."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import Arm, matrix, measured, require_matrix, stacked, with_columns
from helpers.diagnosis.registry import NotApplicable, check

_MIN_ROWS, _MIN_COLUMNS = 20, 2
#: Fewer distinct values than this share of the rows: a coded column, which no scaler explains.
_CONTINUOUS = 0.2
#: Columns by rows from which a whitening fitted on all rows leaves hardly any likeness of rows.
_FULL = 0.75

FIX = Fix(
    "Hand the raw rows to the search and put the transformer into the pipeline; adapt a "
    "Normalization layer in the builder, on the training rows that it is given.",
    "GridSearchCV(make_pipeline(StandardScaler(), estimator), grid).fit(X_raw, y)",
)


@check(
    "leak/fitted-on-all-rows",
    fits=6,
    proves=False,
    null="means of 0 and SD of 1 to six digits, in at least two columns that are not coded, do "
    "not come about by chance; the effect is a paired interval",
)
def leak_fitted_on_all_rows(examination):
    """Columns whose mean and SD (or range, or correlations, also within classes) over all rows are
    exactly those that a fitted scaler, PCA or discriminant analysis leaves, while those of each
    fold are not; `Normalization` layers that hold the statistics of all rows. Then the score as it
    is against that with columns fitted anew on the training rows of each fold.
    """
    subject = examination.subject
    adapted = _adapted(examination)
    if adapted:
        return [_finding(examination, "adapted", {"fits_adapted_on_all_rows": adapted})]
    if subject.prepare is not None:
        raise NotApplicable("`prepare` was given and is run itself")
    X, y = require_matrix(subject)
    if subject.is_classification and _is_of_discriminants(X, y, np.asarray(subject.X).dtype):
        return [_supervised(X)]
    mark, evidence = mark_of(X, np.asarray(subject.X).dtype)
    return [_finding(examination, mark, evidence)] if mark else []


def mark_of(X, kind):
    """Which transformer left its mark on all rows: its name or "", and the evidence.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    kind : dtype
        As the user has it: float32 keeps fewer digits.
    """
    tolerance = 1e-4 if kind == np.float32 else 1e-6
    n = len(X)
    columns = np.array([_is_continuous(column, n) for column in X.T])
    if n < _MIN_ROWS or columns.sum() < _MIN_COLUMNS or np.isnan(X).any():
        return "", {}
    values = X[:, columns]
    mean, spread = values.mean(axis=0), values.std(axis=0)
    centred = np.abs(mean) < tolerance * np.maximum(spread, 1e-300)
    sample = np.sqrt(n / (n - 1))
    unit = (np.abs(spread - 1) < tolerance) | (np.abs(spread * sample - 1) < tolerance)
    ranged = (values.min(axis=0) == 0) & (np.abs(values.max(axis=0) - 1) < tolerance)
    ranged &= ~_on_lattice(values)
    evidence = {
        "columns": int(columns.sum()),
        "columns_of_mean_0": int(centred.sum()),
        "columns_of_sd_1": int(unit.sum()),
        "columns_of_range_0_to_1": int(ranged.sum()),
        "columns_per_row": float(columns.sum() / n),
    }
    needed = max(_MIN_COLUMNS, 0.5 * columns.sum())
    if centred.sum() == columns.sum() and _is_uncorrelated(values, tolerance):
        return "PCA", evidence
    if (centred & unit).sum() >= needed:
        return "scaler", evidence
    if ranged.sum() >= needed:
        return "range scaler", evidence
    return "", {}


def _is_of_discriminants(X, y, kind):
    """Whether columns are uncorrelated over all rows and, of one spread, within the classes: what
    a linear discriminant analysis of these labels leaves."""
    n = len(X)
    if n < _MIN_ROWS or X.shape[1] < _MIN_COLUMNS or np.isnan(X).any():
        return False
    if not all(_is_continuous(column, n) for column in X.T):
        return False
    # Two columns have but one correlation, which chance makes small more often than it makes many.
    tolerance = 1e-7 if kind == np.float32 else 1e-10
    within = X - np.array([X[y == each].mean(axis=0) for each in range(y.max() + 1)])[y]
    return _is_uncorrelated(X, tolerance) and _is_uncorrelated(within, tolerance)


def _supervised(X):
    # Nothing to measure: what the rows were before is not in the data any more.
    return Finding(
        "leak/fitted-on-all-rows",
        "fault",
        "serious",
        f"The {X.shape[1]} columns are discriminants that were fitted on the labels of all rows: "
        "uncorrelated over all of them and within each class",
        Fix(
            "Hand the raw rows to the search and put the analysis into the pipeline: it is then "
            "fitted on the labels of the training rows of each fold.",
            "GridSearchCV(make_pipeline(LinearDiscriminantAnalysis(), estimator), grid)",
        ),
        evidence={"columns": X.shape[1], "columns_per_row": X.shape[1] / len(X)},
    )


def _is_continuous(column, n):
    return np.ptp(column) > 0 and len(np.unique(column)) > max(10, _CONTINUOUS * n)


def _on_lattice(values):
    """Columns of few decimals or of pixel values: their range may be 0 to 1 by nature."""
    return np.any(
        [
            np.abs(values * steps - np.round(values * steps)).max(axis=0) < 1e-3
            for steps in (16, 100, 255, 1000)
        ],
        axis=0,
    )


def _is_uncorrelated(values, tolerance):
    spread = values.std(axis=0)
    if len(values) < 3 or (spread == 0).any():
        return False
    Z = (values - values.mean(axis=0)) / spread
    return bool(np.abs(Z.T @ Z / len(Z) - np.eye(Z.shape[1])).max() < 100 * tolerance)


def _adapted(examination):
    """Fits whose `Normalization` holds the statistics of all rows instead of the fold's."""
    X, fits = _by_last_axis(examination.subject.X), 0
    if X is None:
        return 0
    for trial in examination.trials:
        train = examination.subject.splits[trial.fold][0]
        for record in trial.records:
            for mean, _ in record.facts.get("adapted", ()):
                fits += _is_of_all(np.ravel(mean), X, train)
    return fits


def _is_of_all(mean, tables, train):
    for whole in tables:
        if len(mean) != whole.shape[-1]:
            continue
        axes = tuple(range(whole.ndim - 1))
        spread = whole.std(axis=axes)
        used = spread > 0
        if not used.any():
            continue
        of_all = np.abs(mean - whole.mean(axis=axes))[used] / spread[used]
        of_fold = np.abs(mean - whole[train].mean(axis=axes))[used] / spread[used]
        if of_all.max() < 1e-4 and of_fold.max() > 1e-3:
            return 1
    return 0


def _by_last_axis(X):
    """The rows flat and, of images, by channel."""
    flat = matrix(X)
    if flat is None:
        return None
    array = None if hasattr(X, "columns") else np.asarray(X)
    if array is None or array.ndim < 3:
        return [flat]
    return [flat, array.astype(float)]


def is_whitened_away(X):
    """Whether a whitening fitted on these rows left each at right angles to every other.

    Of n rows in r uncorrelated columns of one variance, the mean squared cosine of two rows is
    (n - r) / (n - 1) of what it is between rows at random.
    """
    if np.isnan(X).any() or len(X) < _MIN_ROWS:
        return False
    spread = X.std(axis=0)
    used = X[:, spread > 1e-6 * max(spread.max(), 1e-300)]
    if used.shape[1] < _FULL * len(X) or used.shape[1] >= len(X):
        return False
    Z = used - used.mean(axis=0)
    covariance = Z.T @ Z / len(Z)
    scale = np.trace(covariance) / len(covariance)
    return bool(np.abs(covariance / scale - np.eye(len(covariance))).max() < 0.05)


def _finding(examination, mark, evidence):
    subject = examination.subject
    title = {
        "adapted": f"Normalization in {evidence.get('fits_adapted_on_all_rows')} fits holds mean "
        "and variance of all rows, those that score the fold among them",
        "PCA": "All columns are centred and uncorrelated over all rows: a PCA was fitted on them",
        "scaler": f"{evidence.get('columns_of_sd_1')} columns have mean 0 and SD 1 over all rows: "
        "a scaler was fitted on them",
        "range scaler": f"{evidence.get('columns_of_range_0_to_1')} columns range from 0 to 1 over "
        "all rows: a scaler was fitted on them",
    }[mark]
    if mark == "PCA" and is_whitened_away(require_matrix(subject)[0]):
        # Nothing to measure: what the rows were before is not in the data any more.
        return Finding(
            "leak/fitted-on-all-rows",
            "fault",
            "serious",
            "A whitening was fitted on all rows, with nearly as many columns as rows: every row is "
            "at right angles to every other, so training rows say nothing of held-out ones",
            FIX,
            evidence=evidence,
        )
    if mark == "PCA" and evidence["columns_per_row"] > 1 / 3:
        # Too many columns for a fold to give them back: what it costs cannot be seen from here.
        return Finding("leak/fitted-on-all-rows", "undecided", "warning", title, FIX,
                       evidence=evidence)  # fmt: skip
    effect = _effect(examination, mark)
    verdict, interval = effect.judged(examination.delta)
    return Finding(
        "leak/fitted-on-all-rows",
        verdict,
        "serious" if verdict == "fault" else "info",
        title,
        FIX,
        effect=interval.mean,
        interval=tuple(interval[1:]),
        evidence={**evidence, **effect.evidence},
    )


def _effect(examination, mark):
    """Columns fitted on all rows, against columns fitted anew on each fold's training rows."""
    subject = examination.subject
    X, y = require_matrix(subject)
    X, splits = with_columns(X), subject.splits
    on_all = StandardScaler().fit_transform(X) if mark == "adapted" else X
    by_fold = []
    for train, test in splits:
        model = (PCA() if mark == "PCA" else StandardScaler()).fit(X[train])
        by_fold.append(model.transform(X[np.r_[train, test]]))
    whole, moved = stacked([on_all[np.r_[train, test]] for train, test in splits], splits)
    parts, _ = stacked(by_fold, splits)
    targets = np.concatenate([y[np.r_[train, test]] for train, test in splits])
    return measured(
        examination, Arm(whole, targets, moved), Arm(parts, targets, moved),
        with_winner=False, pooled=True,
    )  # fmt: skip
