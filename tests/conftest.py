"""How many examples hypothesis draws: few for a pull request, hundreds at night."""

from hypothesis import HealthCheck, settings

# Fits take their time on a shared machine: neither is a finding.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", derandomize=True, **PATIENT)
settings.register_profile("nightly", max_examples=200, print_blob=True, **PATIENT)
settings.load_profile("ci")  # pytest's --hypothesis-profile comes later, and wins
