"""What is true of the searches of patients/noise.py."""

from tests.benchmarks.diagnosis.expected.consequences import FEW_DIFFERENCES, INFLATED, NO_SIGNAL
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["NOISE"]

NOISE = {
    "overlap_widths": Expected(
        "31, 32 or 33 units", ("noise/winner-within-noise",), FEW_DIFFERENCES
    ),
    "overlap_seeds": Expected(
        "a search over seeds",
        ("noise/winner-within-noise",),
        FEW_DIFFERENCES | INFLATED,
    ),
    "diabetes_widths": Expected(
        "activations of one kind, regression",
        ("noise/winner-within-noise",),
        FEW_DIFFERENCES | INFLATED,
    ),
    "few_rows_many_nets": Expected(
        "best of ten on 48 rows of noise",
        ("noise/winner-within-noise", "noise/optimistic-best-score"),
        NO_SIGNAL,
    ),
    "forty_rows_seeds": Expected(
        "best of ten seeds on 45 rows",
        ("noise/winner-within-noise", "noise/optimistic-best-score"),
        FEW_DIFFERENCES | {"metric/loss-mismatch": "the seeds are equal in truth"},
    ),
    "rings_absolute_errors": Expected("negative scorer, regression"),
    "rings_drawn": Expected("random search, clear winner"),
}
