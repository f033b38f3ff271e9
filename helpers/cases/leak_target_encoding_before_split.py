"""Categories replaced by the mean label of all their rows."""

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder

from helpers import synthetic
from helpers.cases import Case
from helpers.cases._network import network
from helpers.cases._scores import draws, fold_scores, stratified
from helpers.workers import each_repetition


def faulty(task):
    def scores(X, y, seed, **how):
        encode = encoder(seed).fit(X, y)  # the means hold the labels of the test rows
        evidence = tells_label(X, y, lambda model: encode)
        return fold_scores(network(task, seed), encode.transform(X), y, evidence=evidence, **how)

    return on_categories(task, scores)


def fixed(task):
    def scores(X, y, seed, **how):
        whole = make_pipeline(encoder(seed), network(task, seed))
        evidence = tells_label(X, y, lambda model: model[0])
        return fold_scores(whole, X, y, evidence=evidence, **how)

    return on_categories(task, scores)


def control(task):
    def scores(X, y, seed, **how):
        crossed = encoder(seed).fit_transform(X, y)  # not fit, then transform
        return fold_scores(network(task, seed), crossed, y, **how)

    return on_categories(task, scores)


def encoder(seed):
    parts = StratifiedKFold(5, shuffle=True, random_state=seed)
    encode = TargetEncoder(target_type="binary", cv=parts)
    return make_column_transformer((encode, ["category"]), remainder="passthrough")


def on_categories(task, scores):
    def draw(repeat, seed):
        data = synthetic.categories(random_state=seed)
        how = {"cv": stratified(task, seed), "repeat": repeat, "scoring": "roc_auc"}
        return scores(data.X, data.y, seed, last_only=True, **how)

    return each_repetition(draw, draws(task))


def tells_label(X, y, encode):
    """Correlation of the encoded category of the test rows with their labels."""

    def evidence(model, train, test):
        encoded = encode(model).transform(X.iloc[test])[:, 0]
        return {"correlation_with_test_labels": np.corrcoef(encoded, y[test])[0, 1]}

    return evidence


CASE = Case(
    code="leak/target-encoding-before-split",
    title="Categories replaced by the mean label of all rows",
    statement="With three rows per level, target encoding fitted before the split raises the "
    "AUC on the test fold by more than 0.02.",
    faulty=faulty,
    fixed=fixed,
    control=control,
    value="ROC AUC on the test fold",
    unit="AUC",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    source="datascience.stackexchange.com/questions/80406",
)
