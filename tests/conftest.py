"""How many examples hypothesis draws, and how many of scikit-learn's checks have been run."""

from collections import Counter

from hypothesis import HealthCheck, settings

# Few examples for a pull request, hundreds at night. Fits take their time on a shared machine:
# neither is a finding.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", derandomize=True, **PATIENT)
settings.register_profile("nightly", max_examples=200, print_blob=True, **PATIENT)
settings.load_profile("ci")  # pytest's --hypothesis-profile comes later, and wins


def pytest_collection_modifyitems(items):
    # They take longest by far: begun last, they would leave a core idle at the end.
    items.sort(key=lambda item: "notebooks" not in item.path.parts)


def pytest_terminal_summary(terminalreporter):
    counts = Counter()
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.getreports(outcome):
            name = report.nodeid.rpartition("::")[2]
            if name.startswith("test_check[") and report.when in ("call", "setup"):
                estimator = "KerasClassifier" if "KerasClassifier" in name else "KerasRegressor"
                floatx = "float64" if "float64" in name else "float32"
                counts[estimator, floatx, outcome] += report.when == "call" or outcome != "passed"
    for estimator, floatx in sorted({key[:2] for key in counts}):
        found = ", ".join(
            f"{counts[estimator, floatx, outcome]} {outcome}"
            for outcome in ("passed", "failed", "skipped")
        )
        terminalreporter.write_line(f"scikit-learn's checks, {estimator}, {floatx}: {found}")
