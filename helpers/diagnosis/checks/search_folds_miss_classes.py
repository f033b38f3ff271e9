"""search/folds-miss-classes: training or test rows of a fold lack classes."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check


@check("search/folds-miss-classes", needs={"classes"})
def search_folds_miss_classes(examination):
    """The classes of each fold's training and test rows are compared with those of all rows."""
    labels = examination.subject.labels
    classes, counts = np.unique(labels, return_counts=True)
    splits = examination.subject.splits
    enough = classes[counts >= len(splits)]  # a rarer class cannot be in every fold
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
