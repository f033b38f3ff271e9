"""Candidates that differ in their seed alone: equals, one of which leads all the same."""

import numpy as np

__all__ = ["beside_the_best"]


def beside_the_best(examination):
    """Mean scores of the candidates that are the winner with other seeds.

    Returns
    -------
    ndarray of shape (n_others,)
        Those that have a score; empty where no seed is searched.
    """
    best, candidates = examination.best, examination.subject.candidates
    if best is None:
        return np.array([])
    setting = _without_seeds(candidates[best])
    alike = [
        n for n, each in enumerate(candidates)
        if repr(each) != repr(candidates[best]) and _without_seeds(each) == setting
    ]  # fmt: skip
    means = examination.means[alike]
    return means[np.isfinite(means)]


def _without_seeds(params):
    """What else is set, also within parameters that are dicts, such as ``model_kwargs``."""
    kept = {
        name: _without_seeds(value) if isinstance(value, dict) else value
        for name, value in params.items()
        if not _is_seed(str(name))
    }
    return repr(sorted(kept.items(), key=lambda item: str(item[0])))


def _is_seed(name):
    return name.endswith(("random_state", "seed"))
