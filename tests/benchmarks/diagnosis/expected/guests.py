"""What is true of the searches of patients/guests.py, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.others import NOISE, SHORT

__all__ = ["GUESTS"]

GUESTS = {
    "demand_without_noise": Expected(
        "a low pass over the whole series, before lags of it are split in time",
        ("leak/preparation-saw-test-rows",),
        NOISE | SHORT,
    ),
    "scans_of_every_epoch": Expected(
        "the estimator's score takes the best of all epochs on the rows that it is given",
        ("leak/stopping-on-test-fold",),
        NOISE | SHORT,
    ),
    "moons_on_a_cosine": Expected(
        "a schedule as long as the training, whatever the number of rows"
    ),
    "depths_by_halving": Expected(
        "halving from two epochs on drops nets that bloom late",
        ("budget/ranking-not-settled",),
        NOISE | SHORT,
    ),
    "digits_of_the_best_round": Expected(
        "a loop of one epoch each keeps the round that does best on the rows that score",
        ("leak/stopping-on-test-fold",),
        NOISE | SHORT,
    ),
    "credit_tidied": Expected(
        "rows whose labels a model finds unlikely are left out, held-out ones too",
        ("leak/preparation-saw-test-labels",),
        NOISE | SHORT,
    ),
    "board_with_restarts": Expected(
        "a dropout that has no layer to act on in the candidates where it is searched, two exactly "
        "tied losers"
    ),
}
