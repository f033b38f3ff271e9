"""What tests of stacks share."""

import pytest

from helpers.lockstep import backend


@pytest.fixture
def stacks(monkeypatch):
    """How many models each stack has."""
    sizes, train_stack = [], backend.train_stack

    def spy(members, *arguments):
        sizes.append(len(members))
        return train_stack(members, *arguments)

    monkeypatch.setattr(backend, "train_stack", spy)
    return sizes
