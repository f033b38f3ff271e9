"""Searches by an eighth round of hands, who knew neither the checks nor the searches; see `others`.

Those that were missed at first, and one of which something was said that was not so.
"""

from tests.benchmarks.diagnosis.patients.boarders.answers_repeated import answers_repeated
from tests.benchmarks.diagnosis.patients.boarders.cells_kept_best import cells_kept_best
from tests.benchmarks.diagnosis.patients.boarders.churn_warmed import churn_warmed
from tests.benchmarks.diagnosis.patients.boarders.customers_reviewed import customers_reviewed
from tests.benchmarks.diagnosis.patients.boarders.demand_ahead import demand_ahead
from tests.benchmarks.diagnosis.patients.boarders.digits_in_batches import digits_in_batches
from tests.benchmarks.diagnosis.patients.boarders.expression_projected import expression_projected
from tests.benchmarks.diagnosis.patients.boarders.friedman_deep import friedman_deep
from tests.benchmarks.diagnosis.patients.boarders.glyphs_asked_thrice import glyphs_asked_thrice
from tests.benchmarks.diagnosis.patients.boarders.labels_bootstrapped import labels_bootstrapped
from tests.benchmarks.diagnosis.patients.boarders.orders_by_day import orders_by_day
from tests.benchmarks.diagnosis.patients.boarders.scans_of_four_sites import scans_of_four_sites
from tests.benchmarks.diagnosis.patients.boarders.traps_two_heads import traps_two_heads

__all__ = [
    "answers_repeated",
    "cells_kept_best",
    "churn_warmed",
    "customers_reviewed",
    "demand_ahead",
    "digits_in_batches",
    "expression_projected",
    "friedman_deep",
    "glyphs_asked_thrice",
    "labels_bootstrapped",
    "orders_by_day",
    "scans_of_four_sites",
    "traps_two_heads",
]
