"""Reports of diagnoses to show: a rich one, a healthy one, a hostile one."""

import numpy as np

from helpers.diagnosis.attribution import Attribution
from helpers.diagnosis.findings import Finding, Fix, Outcome
from helpers.diagnosis.report import Report
from helpers.intervals import Interval

SEARCH = {
    "kind": "GridSearchCV",
    "estimator": "Pipeline",
    "n_candidates": 6,
    "n_splits": 3,
    "n_rows": 1797,
    "best_score": np.float64(0.9412),
    "best_params": {"model__units": np.int64(64)},
    "fits": 19,
    "seconds": 24.9,
}
HOSTILE = '<script>alert("x")</script> & \x1b[31m\udcff'

SHARED_WEIGHTS = Finding(
    "state/shared-weights",
    "fault",
    "serious",
    "12 of 18 fits started from weights that another fit had trained",
    Fix("Hand over a function that builds the model.", "KerasClassifier(build, epochs=30)"),
    0.0412,
    (0.021, 0.0614),
    {"fits": 18, "shared": 12, "first": {"fit": 2, "source": 1}, "digests": ["9f1c", "07aa"]},
)
EPOCHS_IGNORED = Finding(
    "budget/epochs-ignored",
    "fault",
    "warning",
    "Each fit was asked for 30 epochs and ran 1",
    Fix("Pass epochs to the wrapper itself."),
    evidence={"asked": 30, "ran": 1, "loss": np.nan},
)
STILL_IMPROVING = Finding(
    "budget/still-improving",
    "undecided",
    "warning",
    "4 of 6 candidates may gain by training longer",
    Fix("Train for 60 epochs, and look again.", "search.set_params(estimator__epochs=60)"),
    0.013,
    (-0.004, 0.03),
)
SCALER = Finding(
    "leak/preparation-saw-test-rows",
    "not the cause",
    "info",
    "Held-out rows move the training rows by way of prepare, and it hardly matters",
    Fix("Put the scaler into the pipeline."),
    0.0008,
    (-0.002, 0.0036),
)
CHECKS = [
    Outcome(
        "state_shared_weights",
        ("state/shared-weights",),
        "found",
        method="Compares the digest of each fit's first weights with the last ones of the others",
        seconds=0.1,
    ),
    Outcome(
        "search_all_tied",
        ("search/all-tied",),
        "clean",
        "ties of all candidates",
        "Compares the candidates' scores",
    ),
    Outcome(
        "noise_winner",
        ("noise/winner-within-noise", "noise/optimistic-best-score"),
        "clean",
        "a winner less than 0.02 ahead of the next",
        "Trains the first two again with three fresh seeds and folds",
        proves=False,
        fits=18,
        seconds=20.25,
    ),
    Outcome("leak_future_rows", ("leak/future-rows",), "skipped", "no column says when"),
    Outcome("metric", ("metric/loss-mismatch",), "crashed", "KeyError: 'loss'"),
]


def rich():
    """Findings of every verdict, in an order that is not theirs."""
    findings = [SCALER, STILL_IMPROVING, EPOCHS_IGNORED, SHARED_WEIGHTS]
    cost = {"fits": np.int64(18), "seconds": 20.35}
    attribution = [
        Attribution(("state/shared-weights",), Interval(-0.0412, -0.0614, -0.021), None),
        Attribution(("budget/epochs-ignored",), None, Interval(0.0333, 0.01, 0.0566)),
    ]
    return Report(findings, list(CHECKS), 0.01, "accuracy", dict(SEARCH), cost, 0.016, attribution)


def healthy():
    """Nothing found; everything that could be checked was."""
    checks = [check for check in CHECKS if check.outcome == "clean"]
    cost = {"fits": 18, "seconds": 20.25}
    return Report([], checks, 0.01, "accuracy", dict(SEARCH), cost, 0.016)


def hostile():
    """Every string of the user is one that a page or a terminal must not take at its word."""
    finding = Finding(
        "leak/target-in-features", "undecided", "warning", f"column {HOSTILE}",
        Fix(f"Drop {HOSTILE}", f"X.drop({HOSTILE})"), None, (0.0, np.inf),
        {HOSTILE: [HOSTILE], "set": {2, 1}, "object": int},
    )  # fmt: skip
    checks = [Outcome(HOSTILE, ("leak/target-in-features",), "crashed", HOSTILE, HOSTILE)]
    search = {"kind": HOSTILE, "estimator": HOSTILE, "best_score": np.nan, "fits": None}
    return Report([finding], checks, 0.01, HOSTILE, search, {"fits": 0, "seconds": 0.0})
