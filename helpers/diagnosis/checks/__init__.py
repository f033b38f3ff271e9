"""The checks: one module a failure mode."""
