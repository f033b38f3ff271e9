"""What is wrong with a search over Keras models, how much it costs, and what to write instead.

`diagnose` runs the search fit by fit under `helpers.recorder.FitRecorder` and hands what it saw to
the checks in `helpers.diagnosis.checks`, one module a failure mode. A check either proves (equal
digests, counts) or measures (an effect with its interval, from fits on the same folds and seeds).
"""

from helpers.diagnosis.engine import diagnose
from helpers.diagnosis.findings import CODES, Finding, Fix, Outcome
from helpers.diagnosis.report import Report

__all__ = ["CODES", "Finding", "Fix", "Outcome", "Report", "diagnose"]
