"""search/folds-miss-classes: training or test rows of a fold lack classes."""

import numpy as np
from sklearn.base import is_classifier

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

#: Of several labels a row, those with so many rows a fold are in each but by their order.
_COMMON, _MOST_CLASSES = 6, 20


@check("search/folds-miss-classes")
def search_folds_miss_classes(examination):
    """The classes of each fold's training and test rows are compared with those of all rows; of
    several labels a row, one after the other."""
    subject = examination.subject
    if subject.labels is not None:
        return _missed(subject.labels, subject.splits, at_least=1)
    for labels in _columns(subject):
        missed = _missed(labels, subject.splits, at_least=_COMMON)
        if missed:
            return missed
    return []


def _columns(subject):
    """The labels of each column of a classification with several a row."""
    y = np.asarray(subject.y)
    if y.ndim != 2 or y.dtype.kind not in "biuOUS" or not is_classifier(subject.estimator):
        raise NotApplicable("needs a classification")
    return [column for column in y.T if len(set(column.tolist())) <= _MOST_CLASSES]


def _missed(labels, splits, at_least):
    """What folds lack of the classes that have at least so many rows a fold."""
    classes, counts = np.unique(labels, return_counts=True)
    enough = classes[counts >= at_least * len(splits)]  # a rarer class cannot be in every fold
    lacking = []
    for fold, (train, test) in enumerate(splits):
        for side, rows in (("training", train), ("test", test)):
            absent = np.setdiff1d(enough, np.unique(labels[rows]))
            if len(absent):
                lacking.append({"fold": fold, "rows": side, "classes": absent.tolist()})
    if not lacking:
        return []
    in_training = [each for each in lacking if each["rows"] == "training"]
    share = np.mean([len(each["classes"]) for each in lacking]) / len(classes)
    if not in_training and share < 0.2 and len(classes) > 10:
        return []
    side = "training" if in_training else "test"
    n_folds = len({each["fold"] for each in lacking})
    return [
        Finding(
            "search/folds-miss-classes", "fault", "serious",
            f"the {side} rows of {n_folds} of {len(splits)} folds lack classes that the data have",
            Fix(
                "Pass a splitter that stratifies and shuffles, whatever scikit-learn takes the "
                "wrapper for.",
                "GridSearchCV(..., cv=StratifiedKFold(5, shuffle=True, random_state=0))",
            ),
            evidence={"lacking": lacking[:10], "n_classes": len(classes)},
        )
    ]  # fmt: skip
