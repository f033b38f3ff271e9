"""Steps of a pipeline that no fold fits: they were fitted before the search, on all rows."""

import inspect

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.metaestimators import available_if

from helpers.diagnosis.effects import NULL, of_trials
from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix, judged
from helpers.diagnosis.probes import matrix
from helpers.diagnosis.registry import NotApplicable, check

FIX = Fix(
    "Put the transformer into the pipeline unfitted: it is then fitted on the training rows of "
    "each fold.",
    "GridSearchCV(make_pipeline(SelectKBest(k=20), estimator), grid).fit(X_raw, y)",
)


@check(
    "leak/fitted-on-all-rows", needs={"trials", "targets"}, fits=5, proves=False, weight=2,
    null=NULL,
)  # fmt: skip
def leak_frozen_steps(examination):
    """Steps that `clone` leaves fitted (`FrozenEstimator`, a fitted transformer's method in a
    `FunctionTransformer`) are fitted anew on all rows: where all rows come out as before, these
    are what they were fitted on. Then the winner with steps that each fold fits, against its
    scores."""
    subject, best = examination.subject, examination.best
    thawed = _thawed(subject.estimator)
    if not thawed or best is None:
        return []
    params = dict(subject.candidates[best])
    if not _are_of_all_rows(subject, params, thawed):
        return []
    before = examination.of(best)
    examination.require(len(before))
    after = [examination.fit_allowed(best, trial.fold, params=params | thawed) for trial in before]
    if not np.isfinite([trial.score for trial in after]).all():
        raise NotApplicable(f"its steps cannot be fitted in each fold ({after[0].error})")
    effect = of_trials(before, after, examination)
    verdict = judged(effect.interval, examination.delta)
    return [
        Finding(
            "leak/fitted-on-all-rows", verdict,
            SERIOUS_IF_FAULT[verdict],
            f"{', '.join(thawed)}: fitted on all rows before the search, and in no fold",
            FIX,
            effect=effect.mean, interval=effect.interval,
            evidence={
                "steps": {name: repr(each.estimator) for name, each in thawed.items()},
                "score": float(np.mean([trial.score for trial in before])),
                "score_fitted_in_each_fold": float(np.mean([trial.score for trial in after])),
            },
        )
    ]  # fmt: skip


class Thawed(TransformerMixin, BaseEstimator):
    """A step that is fitted with the pipeline, and then does what the fitted one did.

    Parameters
    ----------
    estimator : estimator
    method : str, default="transform"
        What the step made of rows. Never `fit_transform`, which for `PLSRegression` returns the
        targets' scores as well.
    """

    def __init__(self, estimator, method="transform"):
        self.estimator, self.method = estimator, method

    def fit(self, X, y=None):
        self.estimator_ = clone(self.estimator).fit(X, y)
        return self

    def transform(self, X):
        return getattr(self.estimator_, self.method)(X)

    @available_if(lambda step: hasattr(step.estimator, "get_feature_names_out"))
    def get_feature_names_out(self, input_features=None):
        return self.estimator_.get_feature_names_out(input_features)


def _thawed(estimator):
    """Steps before the last that come fitted, by parameter: the same, not fitted."""
    found = {}
    for name, value in estimator.get_params().items():
        within = value.func if isinstance(value, FunctionTransformer) else None
        if isinstance(value, FrozenEstimator):
            found[name] = Thawed(clone(value.estimator))
        elif inspect.ismethod(within) and isinstance(within.__self__, BaseEstimator):
            found[name] = Thawed(clone(within.__self__), within.__name__)
    last = estimator.steps[-1][0] if hasattr(estimator, "steps") else ""
    return {name: each for name, each in found.items() if name.split("__")[0] != last}


def _are_of_all_rows(subject, params, thawed):
    """Whether fitted on all rows the steps make of these what they make as they are."""
    if not hasattr(subject.estimator, "steps"):
        return False
    made = []
    for each in (params, params | thawed):
        try:
            before_last = subject.fresh(each)[:-1].fit(subject.X, subject.y)
            made.append(matrix(before_last.transform(subject.X)))
        except Exception as error:  # what a user's steps raise is the user's to choose
            raise NotApplicable(f"its steps cannot be fitted on all rows ({error})") from error
    if any(each is None for each in made) or made[0].shape != made[1].shape:
        return False
    scale = np.nanstd(made[0], axis=0)
    return bool((np.abs(made[0] - made[1]) <= 1e-5 * np.where(scale > 0, scale, 1)).all())
