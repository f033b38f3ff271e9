"""False alarms of the checks that measure, and coverage of their intervals, by repetition.

``python -m tests.benchmarks.diagnosis.nulls`` draws data in which there is nothing to be found, and
counts how often a check says "fault"; then data with an effect whose true size is known from a
large fresh sample, and counts how often the 95 % interval holds it. The models are cheap ones
(logistic regression, neighbours), so that hundreds of searches take minutes. The intervals of
trained nets (`effects.paired`) are simulated in ``tests/diagnosis/test_effects.py``.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeClassifier

from helpers.diagnosis import subject as subjects
from helpers.diagnosis.checks import (
    leak_duplicate_rows,
    leak_fitted_on_all_rows,
    leak_future_rows,
    leak_preparation,
    leak_shared_groups,
    leak_target_in_features,
    metric_below_baseline,
    metric_loss_mismatch,
    noise_optimistic_best_score,
    noise_winner_within_noise,
    search_edge_of_grid,
)
from helpers.diagnosis.examination import Budget, Examination
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.regrouped import compared
from helpers.diagnosis.resampling import mean_by_row, row_table
from helpers.diagnosis.starts import Starts

N_ROWS, N_FRESH, FITS = 240, 4000, 40


# --- data ---------------------------------------------------------------------------------------


def clouds(rng, n=N_ROWS, n_features=6, shift=0.7):
    """Two classes that overlap; two of the columns tell them apart."""
    y = rng.permutation(np.arange(n) % 2)
    X = rng.standard_normal((n, n_features))
    X[:, :2] += shift * y[:, None]
    return X, y


def logistic(seed, values=(0.01, 0.1, 1.0)):
    return searched(LogisticRegression(max_iter=200), {"C": list(values)}, seed)


def searched(estimator, grid, seed):
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return GridSearchCV(estimator, grid, cv=folds, scoring="accuracy")


def examined(search, X, y, **options):
    made = Examination(subjects.read(search, X, y, **options), Budget(FITS, None), None, Starts())
    made.observe()
    return made


# --- where there is nothing to be found ---------------------------------------------------------


def rows_left_out_at_random(seed):
    def prepare(X, y):
        kept = np.sort(np.random.default_rng(seed).permutation(len(X))[: len(X) * 9 // 10])
        return X[kept], y[kept]

    return examined(logistic(seed), *clouds(np.random.default_rng(seed)), prepare=prepare)


def scaled_beforehand(seed):
    def prepare(X, y):
        return StandardScaler().fit_transform(X), y

    return examined(logistic(seed), *clouds(np.random.default_rng(seed)), prepare=prepare)


def scaled_and_not_told(seed):
    X, y = clouds(np.random.default_rng(seed))
    return examined(logistic(seed), StandardScaler().fit_transform(X), y)


def independent_rows(seed):
    return examined(logistic(seed), *clouds(np.random.default_rng(seed)))


def groups_that_mean_nothing(seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(N_ROWS // 6), 6))
    return examined(logistic(seed), *clouds(rng), groups=groups)


def dates_that_mean_nothing(seed):
    X, y = clouds(np.random.default_rng(seed))
    days = pd.date_range("2024-01-01", periods=len(X))
    return examined(logistic(seed), pd.DataFrame(X, index=days).add_prefix("x"), y)


def one_good_column(seed):
    X, y = clouds(np.random.default_rng(seed))
    X[:, 0] += 1.5 * y
    return examined(logistic(seed), X, y)


def rates_on_a_plateau(seed):
    return examined(logistic(seed, (1.0, 10.0, 100.0)), *clouds(np.random.default_rng(seed)))


def one_better_than_the_other(seed):
    """Trees of one split or of many against a model of the right kind."""
    grid = [
        {"model": [ExtraTreeClassifier(random_state=0)]}, {"model": [KNeighborsClassifier(1)]},
        {"model": [LogisticRegression()]},
    ]  # fmt: skip
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.steps[-1] = ("model", LogisticRegression())
    return examined(searched(pipeline, grid, seed), *clouds(np.random.default_rng(seed), shift=1.2))


NULLS = {
    "rows left out at random": (leak_preparation.leak_preparation, rows_left_out_at_random),
    "scaler on all rows, told": (leak_preparation.leak_preparation, scaled_beforehand),
    "scaler on all rows, not told": (
        leak_fitted_on_all_rows.leak_fitted_on_all_rows, scaled_and_not_told,
    ),
    "independent rows": (leak_duplicate_rows.leak_duplicate_rows, independent_rows),
    "groups at random": (leak_shared_groups.leak_shared_groups, groups_that_mean_nothing),
    "dates at random": (leak_future_rows.leak_future_rows, dates_that_mean_nothing),
    "a good column": (leak_target_in_features.leak_target_in_features, one_good_column),
    "a useful model": (metric_below_baseline.metric_below_baseline, independent_rows),
    "calibrated candidates": (metric_loss_mismatch.metric_panel, independent_rows),
    "three of one kind": (
        noise_optimistic_best_score.noise_optimistic_best_score, one_better_than_the_other,
    ),
    "one better than the others": (
        noise_winner_within_noise.noise_winner_within_noise, one_better_than_the_other,
    ),
    "a plateau to the edge": (search_edge_of_grid.search_edge_of_grid, rates_on_a_plateau),
}  # fmt: skip


def alarms(name, repetitions):
    """How often the check says "fault" (of a column that gives the target away: anything)."""
    check, draw = NULLS[name]
    said = 0
    for seed in range(repetitions):
        try:
            findings = check(draw(seed)) or []
        except NotApplicable:
            continue
        said += any(
            each.verdict == "fault" or each.code == "leak/target-in-features" for each in findings
        )
    return said


# --- where the truth is known ---------------------------------------------------------------------


def optimism(seed):
    """What choosing among trees adds to the best score, and its interval."""
    rng = np.random.default_rng(seed)
    X, y = clouds(rng)
    search = searched(ExtraTreeClassifier(max_depth=3), {"random_state": list(range(12))}, seed)
    examination = examined(search, X, y)
    candidates, table, _ = row_table(examination)
    interval = noise_optimistic_best_score.optimism_interval(mean_by_row(examination, table), seed)
    chosen = ExtraTreeClassifier(max_depth=3, random_state=candidates[table.mean(axis=1).argmax()])
    fresh = clouds(rng, N_FRESH)
    scores = [
        chosen.fit(X[train], y[train]).score(*fresh) for train, _ in examination.subject.splits
    ]
    return interval, float(table.mean(axis=1).max() - np.mean(scores))


def shared_groups(seed):
    """What splits that mix sources add to a neighbours' score, and its interval."""
    rng = np.random.default_rng(seed)

    def sources(first, n):
        key = np.repeat(np.arange(n), 6)
        label = rng.integers(0, 2, n)[key]
        X = rng.standard_normal((n, 4))[key] + 0.4 * rng.standard_normal((len(key), 4))
        X[:, 0] += 0.8 * label
        return X, label, key + first

    X, y, key = sources(0, 60)
    examination = examined(searched(KNeighborsClassifier(1), {"p": [2]}, seed), X, y, groups=key)
    mixed, apart = leak_shared_groups._splits(examination.subject, y, key)
    examination.budget.fits = 0
    effect = compared(examination, X, y, mixed, apart, key)
    model = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    fresh_X, fresh_y, _ = sources(1000, N_FRESH // 6)
    high = np.mean([model.fit(X[a], y[a]).score(X[b], y[b]) for a, b in mixed[0]])
    low = np.mean([model.fit(X[a], y[a]).score(fresh_X, fresh_y) for a, _ in apart[0]])
    if effect.probe != "1-NN":
        return None
    return tuple(effect.by_probe), float(high - low)


def below_a_constant(seed):
    """What a model of one neighbour on pure noise loses to a constant, and its interval."""
    rng = np.random.default_rng(seed)

    def noise(n):
        return rng.standard_normal((n, 4)), (rng.random(n) < 0.3).astype(int)

    X, y = noise(N_ROWS)
    examination = examined(searched(KNeighborsClassifier(1), {"p": [2]}, seed), X, y)
    baseline = metric_below_baseline._baseline(examination.subject)
    lost = metric_below_baseline._lost(examination, 0, examination.scores[0], baseline)
    fresh_X, fresh_y = noise(N_FRESH)
    model = KNeighborsClassifier(1)
    scores = [
        model.fit(X[train], y[train]).score(fresh_X, fresh_y)
        for train, _ in examination.subject.splits
    ]
    return tuple(lost), float(np.mean(fresh_y == 0) - np.mean(scores))


TRUTHS = {
    "noise/optimistic-best-score": optimism,
    "leak/shared-groups": shared_groups,
    "metric/below-baseline": below_a_constant,
}


def coverage(name, repetitions):
    """Share of intervals that hold the mean true effect, and how many there were."""
    made = [TRUTHS[name](seed) for seed in range(repetitions)]
    made = [each for each in made if each is not None]
    truth = np.mean([each[1] for each in made])
    held = sum(low <= truth <= high for (_, low, high), _ in made)
    return held, len(made), truth


def share(count, n):
    low, high = stats.binomtest(count, n).proportion_ci(method="exact")
    return f"{count}/{n} = {count / n:.3f} [{low:.3f}, {high:.3f}]"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.diagnosis.nulls",
                                     description=__doc__)  # fmt: skip
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("build/bench-diagnosis"))
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    lines = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (check, _) in NULLS.items():
            began = time.perf_counter()
            said = share(alarms(name, asked.repetitions), asked.repetitions)
            lines.append(f"| {check.__name__} | {name} | {said} |")
            print(lines[-1], f"{time.perf_counter() - began:.0f} s", flush=True)
        for name in TRUTHS:
            held, n, truth = coverage(name, asked.repetitions)
            lines.append(f"| {name} | true effect {truth:+.4f} | {share(held, n)} |")
            print(lines[-1], flush=True)
    (asked.out / "nulls.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
