"""Wrappers that lose a parameter or mean other classes than they say."""

import itertools

import keras.wrappers
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from trained import Own, X, Y, finding_of, made_up, observed, record

from helpers import KerasClassifier
from helpers.diagnosis.checks.wrapper_clone_drops_parameter import wrapper_clone_drops_parameter
from helpers.diagnosis.checks.wrapper_labels_misaligned import wrapper_labels_misaligned

DROPS, MISALIGNED = "wrapper/clone-drops-parameter", "wrapper/labels-misaligned"


class Forgets(Own):
    def __sklearn_clone__(self):
        return type(self)(**self.get_params(deep=False) | {"epochs": 1})


def builder(meta):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def test_a_clone_that_forgets_is_found():
    found, _ = observed(Forgets(epochs=2), check=wrapper_clone_drops_parameter)
    assert found[DROPS].evidence["lost"] == ["epochs: 2 became 1"]


class Options(Own):
    """Takes what its constructor does not name, and forgets it when it is cloned."""

    def __init__(self, epochs=1, **options):
        super().__init__(epochs=epochs)
        self.options = {"batch_size": 64} | options


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (Options(batch_size=8), "options"),
        (make_pipeline(Options(batch_size=8)), "options__options"),
    ],
    ids=["bare", "a step"],
)
def test_options_that_no_parameter_names_are_found(estimator, name):
    search = GridSearchCV(estimator, {}, cv=2)
    found, _ = observed(search, check=wrapper_clone_drops_parameter)
    lost = f"{name}: {{'batch_size': 8}} became {{'batch_size': 64}}"
    assert found[DROPS].evidence["lost"] == [lost]


class Private(Own):
    """Keeps an argument where `get_params` does not look, as SciKeras' subclasses may."""

    def __init__(self, weight=1.0):
        super().__init__()
        self._weight = weight

    @classmethod
    def _get_param_names(cls):
        return Own._get_param_names()

    def __sklearn_clone__(self):
        return type(self)()


def test_an_argument_under_another_name_is_found():
    found, _ = observed(GridSearchCV(Private(9.0), {}, cv=2), check=wrapper_clone_drops_parameter)
    assert found[DROPS].evidence["lost"] == ["_weight: 9.0 became 1.0"]


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(Own(epochs=2)),
        Own(epochs=2, callbacks=[keras.callbacks.TerminateOnNaN()], settings={"a": [1]}),
        KerasClassifier(builder, epochs=1, run_eagerly=True, random_state=0),
        LogisticRegression(),
    ],
    ids=["a step", "own", "ours", "no Keras"],
)
def test_a_clone_that_keeps_is_silent(estimator):
    search = GridSearchCV(estimator, {}, cv=2)
    assert observed(search, check=wrapper_clone_drops_parameter)[0] == {}


def compiled(X, y):
    model = builder(None)
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    return model


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [
        ({"batch_size": 32, "verbose": 0, "epochs": 1}, "not the cause"),
        ({"batch_size": 16}, "fault"),
        ({"verbose": 0, "shuffle": False}, "fault"),
    ],
    ids=["Keras' defaults", "a batch size", "an order"],
)
def test_a_lost_setting_matters_where_fits_were_trained_otherwise(lost, verdict):
    estimator = keras.wrappers.SKLearnClassifier(compiled, fit_kwargs=lost)
    found, _ = observed(GridSearchCV(estimator, {}, cv=2), check=wrapper_clone_drops_parameter)
    assert found[DROPS].verdict == verdict


def test_a_searched_parameter_may_differ_from_the_estimators():
    search = GridSearchCV(Own(epochs=9), {"epochs": [1, 2]}, cv=2)
    assert observed(search, check=wrapper_clone_drops_parameter)[0] == {}


def examined(predict, y=Y, probabilities=None, records=None, n_folds=3):
    """One candidate whose predictions are a function of the true labels."""
    rows = np.resize(X, (len(y), X.shape[1]))
    examination = made_up([[0.5] * n_folds], X=rows, y=y, records=records, cv=n_folds)
    for trial in examination.trials:
        trial.predictions = predict(np.asarray(y)[examination.subject.splits[trial.fold][1]])
        if probabilities is not None:
            trial.probabilities = probabilities(len(trial.predictions))
    return examination


NAMES = np.array(["a", "b", "c"])


@pytest.mark.parametrize(
    ("y", "predict", "says"),
    [
        (Y + 1, lambda y: y - 1, "which is no label of y"),
        (NAMES[Y], lambda y: np.searchsorted(NAMES, y), "which is no label of y"),
        (Y, lambda y: (y + 1) % 3, "100% of rows are right instead of 0%"),
        (NAMES[Y], lambda y: NAMES[(np.searchsorted(NAMES, y) + 1) % 3], "other ones than meant"),
        (Y > 0, lambda y: ~y, "other ones than meant"),
    ],
    ids=["numbers", "columns of strings", "turned", "turned strings", "negated"],
)
def test_other_classes_than_meant_are_found(y, predict, says):
    finding = finding_of(wrapper_labels_misaligned, examined(predict, y))[MISALIGNED]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert says in finding.title


def test_names_that_are_others_in_each_fold_are_found():
    turns = itertools.count(1)
    examination = examined(lambda y: (y + next(turns)) % 3)
    finding = finding_of(wrapper_labels_misaligned, examination)[MISALIGNED]
    assert finding.evidence["accuracy_renamed"] == 1


def test_names_that_are_others_in_one_fold_of_many_rows_are_found():
    turns = iter([1, 0, 0, 0])
    examination = examined(lambda y: (y + next(turns)) % 3, np.arange(600) % 3, n_folds=4)
    finding = finding_of(wrapper_labels_misaligned, examination)[MISALIGNED]
    assert (finding.evidence["accuracy"], finding.evidence["accuracy_renamed"]) == (0, 1)


class ByAppearance(Own):
    """Numbers labels by their order of appearance; says that they are sorted."""

    is_consistent = False

    def fit(self, X, y):
        _, first, codes = np.unique(y, return_index=True, return_inverse=True)
        by_appearance = np.argsort(first)
        self.model_ = self.build(self.learning_rate)
        self.model_.fit(np.asarray(X), np.argsort(by_appearance)[codes], verbose=0)
        self.classes_ = np.unique(y)[by_appearance] if self.is_consistent else np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(np.asarray(X), verbose=0).argmax(axis=1)]


class Consistent(ByAppearance):
    is_consistent = True


@pytest.mark.parametrize(("estimator", "is_found"), [(ByAppearance(), True), (Consistent(), False)])
def test_units_that_are_taught_one_label_and_read_as_another_are_found(estimator, is_found):
    y = np.array(["mid", "low", "high"])[Y]
    found, _ = observed(estimator, y=y, check=wrapper_labels_misaligned)
    assert (MISALIGNED in found) == is_found
    if is_found:
        assert "by the unit that predict calls" in found[MISALIGNED].title


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("y", "predict"),
    [
        (Y, lambda y: y),
        (Y, lambda y: y[:, None]),
        (NAMES[Y], lambda y: y.astype(object)),
        (Y, lambda y: y.astype(float)),
        (Y, lambda y: np.zeros_like(y)),
        (Y, lambda y: RNG.integers(0, 3, len(y))),
        (Y, lambda y: np.where(RNG.random(len(y)) < 0.6, y, (y + 1) % 3)),
        (Y, lambda y: np.eye(3)[y]),
        (np.eye(3)[Y], lambda y: y),
    ],
    ids=["right", "column", "objects", "floats", "constant", "guesses", "poor", "one-hot",
         "one-hot targets"],
)  # fmt: skip
def test_the_classes_of_y_are_silent(y, predict):
    assert finding_of(wrapper_labels_misaligned, examined(predict, y)) == {}


@pytest.mark.parametrize(("loss", "is_found"), [(1.3, False), (0.4, True), (np.nan, False)])
def test_a_net_that_has_hardly_moved_names_clusters_at_random(loss, is_found):
    def records(candidate, fold):
        facts = {"loss": "sparse_categorical_crossentropy"}
        return record(history={"loss": [loss]}, facts=facts)

    examination = examined(lambda y: (y + 1) % 3, records=records)
    assert bool(finding_of(wrapper_labels_misaligned, examination)) == is_found


def test_logits_as_probabilities_are_found():
    def outputs(n):
        return np.stack([1 - np.linspace(-3, 3, n), np.linspace(-3, 3, n)], axis=1)

    examination = examined(lambda y: y, (Y > 0).astype(int), outputs)
    assert "logits" in finding_of(wrapper_labels_misaligned, examination)[MISALIGNED].title


def test_probabilities_are_silent():
    examination = examined(lambda y: y, (Y > 0).astype(int), lambda n: np.full((n, 2), 0.5))
    assert finding_of(wrapper_labels_misaligned, examination) == {}


@pytest.mark.parametrize(
    ("scoring", "turn", "is_found"),
    [("roc_auc_ovr", 1, True), ("roc_auc_ovr", 0, False), ("accuracy", 1, False)],
)
def test_columns_in_another_order_than_the_classes(scoring, turn, is_found):
    examination = examined(lambda y: y)
    examination.subject.search.set_params(scoring=scoring)
    for trial in examination.trials:
        trial.probabilities = np.eye(3)[(trial.predictions + turn) % 3]
    found = finding_of(wrapper_labels_misaligned, examination)
    assert set(found) == ({MISALIGNED} if is_found else set())
    if is_found:
        assert found[MISALIGNED].evidence == {"accuracy_by_columns": 0, "accuracy_by_predict": 1}


def test_columns_in_another_order_in_some_folds():
    """By the order of appearance: right in two folds of three, and the least trained wins."""
    examination = examined(lambda y: y)
    examination.subject.search.set_params(scoring="neg_log_loss")
    for trial in examination.trials:
        trial.probabilities = np.eye(3)[(trial.predictions + (trial.fold == 2)) % 3]
    assert MISALIGNED in finding_of(wrapper_labels_misaligned, examination)


def test_a_class_that_predict_prefers_is_no_other_order():
    examination = examined(lambda y: y)
    examination.subject.search.set_params(scoring="neg_log_loss")
    for trial in examination.trials:
        shares = np.eye(3)[trial.predictions]
        shares[:6] = [0.5, 0.3, 0.2]  # of which predict makes another class, now and then
        trial.probabilities = shares
    assert finding_of(wrapper_labels_misaligned, examination) == {}


def test_real_wrappers_mean_what_they_say():
    own = KerasClassifier(builder, epochs=1, run_eagerly=True, random_state=0)
    for estimator in (Own(), own):
        search = GridSearchCV(estimator, {}, cv=2)
        for labels in (NAMES[Y], Y + 5):
            assert observed(search, X, labels, check=wrapper_labels_misaligned)[0] == {}
