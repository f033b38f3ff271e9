"""Synthetic data sets whose truth is known.

Each generator returns a :class:`Dataset` whose `best_accuracy` is the truth (no classifier of
single rows does better on fresh rows) and whose `sample(n_samples, seed)` draws fresh rows from it.
"""

from functools import partial
from statistics import NormalDist

import numpy as np
import pandas as pd

from helpers._dataset import Dataset, as_category, whole_number

# The first word of a seed: rows to train on and fresh rows are never the same, whatever the seeds.
TRAINING, FRESH = 0, 1
# Fresh groups are numbered from (seed + 1) times this, so that they are new groups.
GROUP_BLOCK = 1_000_000


def pure_noise(n_samples=200, *, n_features=500, n_classes=2, random_state=0):
    """Wide noise: many columns, none of which has to do with the labels.

    Truth: the labels are balanced and independent of X, so that the best accuracy is chance,
    ``1 / n_classes``.

    Parameters
    ----------
    n_samples : int >= n_classes, default=200
    n_features : int >= 1, default=500
    n_classes : int >= 2, default=2
    random_state : int >= 0, default=0

    Examples
    --------
    >>> pure_noise(100, n_features=30)
    Dataset('pure_noise': 100 rows of shape (30,), 2 classes)
    """
    n_features = whole_number(n_features, "n_features", "pure_noise")
    n_classes = whole_number(n_classes, "n_classes", "pure_noise", least=2)
    draw = partial(_draw_pure_noise, n_features=n_features, n_classes=n_classes)
    return _dataset(
        "pure_noise", draw, n_samples, random_state, least=n_classes,
        best_accuracy=1 / n_classes,
        description=f"{n_features} columns of standard normal noise; balanced labels "
        "independent of them.",
    )  # fmt: skip


def _draw_pure_noise(rng, n_samples, first_group, *, n_features, n_classes):
    X = rng.standard_normal((n_samples, n_features))
    return X, rng.permutation(np.arange(n_samples) % n_classes), None


def patients(
    n_samples=600, *, rows_per_patient=6, n_features=20, shift=1.0, noise=0.4, random_state=0
):
    """Several rows per patient, one label per patient, a strong signature of each patient.

    A row is the patient's signature (standard normal), plus noise, plus or minus half of `shift`
    along the diagonal of feature space. Fresh rows are of new patients.

    Truth: on a row of a new patient the best accuracy is ``Phi(shift / 2 / sqrt(1 + noise**2))``,
    0.68 with the defaults. Rows of a known patient are recognised almost without error.

    Parameters
    ----------
    n_samples : int >= 2 * rows_per_patient, default=600
    rows_per_patient : int >= 1, default=6
    n_features : int >= 1, default=20
    shift : float >= 0, default=1.0
        Distance between the means of the two classes, in SD of the signature.
    noise : float >= 0, default=0.4
        SD of the rows of one patient around the signature.
    random_state : int >= 0, default=0

    Examples
    --------
    >>> data = patients(120)
    >>> data, round(data.best_accuracy, 2)
    (Dataset('patients': 120 rows of shape (20,), 2 classes, 20 groups), 0.68)
    """
    rows_per_patient = whole_number(rows_per_patient, "rows_per_patient", "patients")
    n_features = whole_number(n_features, "n_features", "patients")
    shift = _number(shift, "shift", "patients")
    noise = _number(noise, "noise", "patients")
    draw = partial(
        _draw_patients,
        rows_per_patient=rows_per_patient,
        n_features=n_features,
        shift=shift,
        noise=noise,
    )
    return _dataset(
        "patients", draw, n_samples, random_state, least=2 * rows_per_patient,
        best_accuracy=NormalDist().cdf(shift / 2 / np.hypot(1, noise)),
        description=f"{rows_per_patient} rows per patient, one label per patient: a strong "
        "signature of the patient, a weak signal of the label.",
    )  # fmt: skip


def _draw_patients(rng, n_samples, first_group, *, rows_per_patient, n_features, shift, noise):
    patient = np.arange(n_samples) // rows_per_patient
    n_patients = patient[-1] + 1
    label = rng.permutation(np.arange(n_patients) % 2)
    signature = rng.standard_normal((n_patients, n_features))
    signature += _along_diagonal(label, n_features, shift)
    X = signature[patient] + noise * rng.standard_normal((n_samples, n_features))
    return X, label[patient], first_group + patient


def xor_like(n_samples=600, *, n_signs=2, n_noise=6, flip=0.1, random_state=0):
    """Parity of a few signs among noise columns: a network needs training time to find it.

    The label is the parity of how many of the first `n_signs` columns are positive, flipped with
    probability `flip`; all columns are uniform with variance 1. No single column is informative, so
    the loss of a network stays on a plateau first, for longer the smaller its learning rate, and
    flipped labels are learnt by heart later, earlier the larger the rate: the winning learning rate
    slides down as the number of epochs goes up.

    Truth: the best accuracy is ``1 - flip``, 0.9 with the defaults.

    Parameters
    ----------
    n_samples : int >= 2, default=600
    n_signs : int >= 1, default=2
        Informative columns. Three take several times the training of two.
    n_noise : int >= 0, default=6
    flip : float in [0, 0.5], default=0.1
    random_state : int >= 0, default=0

    Examples
    --------
    >>> data = xor_like(100)
    >>> data, data.best_accuracy
    (Dataset('xor_like': 100 rows of shape (8,), 2 classes), 0.9)
    """
    n_signs = whole_number(n_signs, "n_signs", "xor_like")
    n_noise = whole_number(n_noise, "n_noise", "xor_like", least=0)
    flip = _number(flip, "flip", "xor_like", most=0.5)
    draw = partial(_draw_xor_like, n_signs=n_signs, n_noise=n_noise, flip=flip)
    return _dataset(
        "xor_like", draw, n_samples, random_state,
        best_accuracy=1 - flip,
        description=f"Parity of the signs of {n_signs} columns among {n_noise} of noise; "
        f"{flip:.0%} of the labels flipped.",
    )  # fmt: skip


def _draw_xor_like(rng, n_samples, first_group, *, n_signs, n_noise, flip):
    X = rng.uniform(-np.sqrt(3), np.sqrt(3), (n_samples, n_signs + n_noise))
    parity = (X[:, :n_signs] > 0).sum(axis=1) % 2
    return X, parity ^ (rng.random(n_samples) < flip), None


def series(n_samples=600, *, n_features=10, memory=60, regime=20, shift=0.6, random_state=0):
    """Rows in order of time: slowly drifting columns, labels that come in stretches.

    The columns are autoregressive of order 1 with variance 1; the label alternates in stretches of
    ``regime / 2`` to ``3 * regime / 2`` rows and moves the row by half of `shift` along the
    diagonal. Neighbours in time look alike and share their label, so that a model which has seen
    the neighbours of a row recognises it; later rows it can judge by the weak signal alone. Fresh
    rows are another, independent stretch of time.

    Truth: of later rows taken one at a time, the best accuracy is ``Phi(shift / 2)``, 0.62 with the
    defaults.

    Parameters
    ----------
    n_samples : int >= 2 * regime, default=600
    n_features : int >= 1, default=10
    memory : float >= 1, default=60
        Rows after which the autocorrelation of a column has fallen to 1 / e.
    regime : int >= 2, default=20
        Mean length of a stretch with one label, in rows.
    shift : float >= 0, default=0.6
        Distance between the means of the two classes, in SD of a column.
    random_state : int >= 0, default=0

    Examples
    --------
    >>> data = series(300)
    >>> data, round(data.best_accuracy, 2)
    (Dataset('series': 300 rows of shape (10,), 2 classes), 0.62)
    """
    n_features = whole_number(n_features, "n_features", "series")
    regime = whole_number(regime, "regime", "series", least=2)
    memory = _number(memory, "memory", "series", least=1)
    shift = _number(shift, "shift", "series")
    draw = partial(_draw_series, n_features=n_features, memory=memory, regime=regime, shift=shift)
    return _dataset(
        "series", draw, n_samples, random_state, least=2 * regime,
        best_accuracy=NormalDist().cdf(shift / 2),
        description="Rows in order of time: slowly drifting columns, labels in stretches of "
        f"{regime} rows on average, a weak signal of the label.",
    )  # fmt: skip


def _draw_series(rng, n_samples, first_group, *, n_features, memory, regime, shift):
    lengths = rng.integers(regime // 2, regime + regime // 2 + 1, size=2 * n_samples // regime + 2)
    label = (np.repeat(np.arange(len(lengths)), lengths) + rng.integers(2))[:n_samples] % 2
    keep = np.exp(-1 / memory)
    X = rng.standard_normal((n_samples, n_features))
    X[1:] *= np.sqrt(1 - keep**2)
    for now in range(1, n_samples):
        X[now] += keep * X[now - 1]
    return X + _along_diagonal(label, n_features, shift), label, None


def categories(n_samples=600, *, n_levels=200, tilt=0.05, n_features=5, shift=0.5, random_state=0):
    """A string column of many levels that says little, beside numbers that say a little more.

    X is a frame: `category` has `n_levels` levels, `x0`, `x1`, ... are standard normal. Of class 1
    a share of ``0.5 + tilt`` has an even level, of class 0 the same share an odd one; the numbers
    are moved by half of `shift` along their diagonal. With three rows per level the mean label of a
    level is mostly the row's own label: computed before the split, it leaks.

    Truth: with ``w = 0.5 + tilt`` and ``L = log(w / (1 - w)) / shift`` the best accuracy is
    ``w Phi(shift / 2 + L) + (1 - w) Phi(shift / 2 - L)``, 0.61 with the defaults.

    Parameters
    ----------
    n_samples : int >= 2, default=600
    n_levels : int >= 2, default=200
    tilt : float in [0, 0.5), default=0.05
        How far the share of even levels differs from one half, in each class.
    n_features : int >= 1, default=5
    shift : float > 0, default=0.5
        Distance between the means of the two classes, in SD of a column.
    random_state : int >= 0, default=0

    Examples
    --------
    >>> data = categories(200, n_levels=50)
    >>> data, round(data.best_accuracy, 2)
    (Dataset('categories': 200 rows of shape (6,), 2 classes), 0.61)
    """
    n_levels = whole_number(n_levels, "n_levels", "categories", least=2)
    n_features = whole_number(n_features, "n_features", "categories")
    tilt = _number(tilt, "tilt", "categories", most=0.499)
    shift = _number(shift, "shift", "categories", least=1e-6)
    draw = partial(
        _draw_categories, n_levels=n_levels, tilt=tilt, n_features=n_features, shift=shift
    )
    share = 0.5 + tilt
    prior = np.log(share / (1 - share)) / shift
    phi = NormalDist().cdf
    return _dataset(
        "categories", draw, n_samples, random_state,
        best_accuracy=share * phi(shift / 2 + prior) + (1 - share) * phi(shift / 2 - prior),
        description=f"A category column of {n_levels} levels that says little, "
        f"{n_features} numeric columns with a weak signal.",
    )  # fmt: skip


def _draw_categories(rng, n_samples, first_group, *, n_levels, tilt, n_features, shift):
    label = rng.permutation(np.arange(n_samples) % 2)
    even = (rng.random(n_samples) < 0.5 + tilt) == (label == 1)
    level = np.where(
        even,
        2 * rng.integers((n_levels + 1) // 2, size=n_samples),
        2 * rng.integers(n_levels // 2, size=n_samples) + 1,
    )
    numbers = rng.standard_normal((n_samples, n_features))
    numbers += _along_diagonal(label, n_features, shift)
    X = pd.DataFrame(numbers.astype("float32"), columns=[f"x{i}" for i in range(n_features)])
    names = np.array([f"level_{i:04d}" for i in range(n_levels)], dtype=object)
    X.insert(0, "category", as_category(pd.Series(names[level]), names))
    return X, label, None


def _along_diagonal(label, n_features, shift):
    """Half of `shift` forwards for class 1, backwards for class 0, shared by all columns."""
    return np.outer(label - 0.5, np.full(n_features, shift / np.sqrt(n_features)))


def _dataset(name, draw, n_samples, random_state, *, best_accuracy, description, least=2):
    n_samples = whole_number(n_samples, "n_samples", name, least=least)
    random_state = whole_number(random_state, "random_state", name, least=0)
    X, y, groups = _rows(draw, np.random.default_rng([TRAINING, random_state]), n_samples)
    return Dataset(
        name, X, y, groups,
        description=f"{description} Best accuracy on fresh rows: {best_accuracy:.3f}.",
        sample=partial(_sample, draw, name, least),
        best_accuracy=float(best_accuracy),
    )  # fmt: skip


def _sample(draw, name, least, n_samples, seed):
    """Fresh rows: partial(_sample, draw, name, least) is the `sample` of a data set."""
    n_samples = whole_number(n_samples, "n_samples", f"sample of {name}", least=least)
    seed = whole_number(seed, "seed", f"sample of {name}", least=0)
    rng = np.random.default_rng([FRESH, seed])
    return _rows(draw, rng, n_samples, first_group=GROUP_BLOCK * (seed + 1))


def _rows(draw, rng, n_samples, first_group=0):
    X, y, groups = draw(rng, n_samples, first_group)
    X = X if isinstance(X, pd.DataFrame) else X.astype("float32")
    return X, y.astype("int64"), groups


def _number(value, name, owner, least=0.0, most=np.inf):
    accepted = (
        f"a number from {least:g} to {most:g}"
        if np.isfinite(most)
        else (f"a finite number >= {least:g}")
    )
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}={value!r}: {owner} accepts {accepted}.")
    if not (least <= value <= most and np.isfinite(value)):
        raise ValueError(f"{name}={value!r}: {owner} accepts {accepted}.")
    return float(value)
