import pytest


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Parts of a case run here one after the other: a warning in a worker would go unheard."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
