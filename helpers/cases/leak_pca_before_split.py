"""Principal components of all rows."""

from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.cases import Case
from helpers.cases._network import network
from helpers.cases._prepared import auc_scores, rows_of


def faulty(task):
    X = rows_of(task.data)
    components = preparation(X).fit(X)  # every row, the test rows of each fold included
    return auc_scores(
        task,
        components.transform(X),
        lambda seed: learner(task, seed),
        rows_seen=lambda model, train: components[-1].n_samples_,
    )


def fixed(task):
    X = rows_of(task.data)
    return auc_scores(
        task,
        X,
        lambda seed: make_pipeline(preparation(X), learner(task, seed)),
        rows_seen=lambda model, train: model[0][-1].n_samples_,
    )


def preparation(X):
    n_components = min(20, X.shape[1])
    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        PCA(n_components, svd_solver="full"),
    )


def learner(task, seed):
    # No hidden layer. The axes of a PCA turn and change sign with the rows: to a hidden layer that
    # is as much as other initial weights, whose noise would hide an effect as small as this.
    return network(task, seed, model__depth=0)


CASE = Case(
    code="leak/pca-before-split",
    title="Principal components of all rows",
    statement="Scaling and PCA fitted before the split hardly matter: the AUC of a softmax layer "
    "on up to 20 components stays the same within 0.01. Columns that hardly vary are left out.",
    faulty=faulty,
    fixed=fixed,
    value="ROC AUC on the test fold",
    unit="AUC",
    expect="same",
    margin=0.01,
    reused_folds=True,
    source="d2l-ai/d2l-en#843",
)
