"""Stopping on the rows that score a fold is proved; other validation rows are silent."""

import numpy as np
import pytest
from examined import examined, found
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.diagnosis.checks.leak_stopping_on_test_fold import leak_stopping_on_test_fold
from helpers.diagnosis.starts import Starts
from helpers.quiet import keras

CODE = "leak/stopping-on-test-fold"


class Net(ClassifierMixin, BaseEstimator):
    """A user's own class around a Keras model."""

    def __init__(self, stops=True, n_fits=1):
        self.stops, self.n_fits = stops, n_fits

    def fit(self, X, y, validation_data=None, validation_split=0.0):
        self.classes_ = np.unique(y)
        epochs = 2
        for _ in range(self.n_fits):
            self.model_ = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
            self.model_.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
            stopper = keras.callbacks.EarlyStopping("val_loss", patience=1, mode="max")
            history = self.model_.fit(
                X, y, epochs=epochs, batch_size=60, verbose=0,
                callbacks=[stopper] if self.stops else [], validation_data=validation_data,
                validation_split=validation_split,
            ).history  # fmt: skip
            epochs = int(np.argmax(history["val_loss"])) + 1
        return self

    def predict(self, X):
        return self.classes_[np.asarray(self.model_(np.asarray(X))).argmax(axis=1)]


def rows(seed=0, n=60):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 3)).astype("float32"), np.arange(n) % 2


def search(estimator, **grid):
    return GridSearchCV(estimator, grid, cv=StratifiedKFold(2), refit=False)


X, Y = rows()


def test_stopper_on_held_out_rows_is_a_fault():
    examination = examined(search(Net()), X, Y, fit_params={"validation_data": (X, Y)})
    finding = found(leak_stopping_on_test_fold, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.evidence["share_of_held_out_rows_watched"] == 1.0
    assert finding.evidence["acted"] == ["EarlyStopping"]


NOISE = rows(3, 200)


class Restless(Net):
    """Keeps the epoch that does best on the rows left to it, of epochs that differ by luck."""

    def fit(self, X, y):
        rest = ~np.isin(NOISE[0][:, 0], X[:, 0])
        self.classes_ = np.unique(y)
        keras.utils.set_random_seed(0)
        hidden = keras.layers.Dense(16, "relu")
        self.model_ = keras.Sequential(
            [keras.Input((3,)), hidden, keras.layers.Dense(2, "softmax")]
        )
        self.model_.compile(
            keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        best = keras.callbacks.EarlyStopping(
            "val_accuracy", patience=99, mode="max", restore_best_weights=True
        )
        self.model_.fit(X, y, epochs=6, batch_size=50, verbose=0, callbacks=[best],
                        validation_data=(NOISE[0][rest], NOISE[1][rest]))  # fmt: skip
        return self


def test_what_it_adds_is_seen_on_rows_that_were_watched_and_were_not():
    with Starts() as starts:
        examination = examined(search(Restless()), *NOISE, budget=4)
        examination.starts = starts
        finding = found(leak_stopping_on_test_fold, examination)[CODE]
    assert finding.interval[0] < finding.effect < finding.interval[1]
    assert finding.effect > 0.03
    assert examination.budget.spent_fits == 4


def test_without_a_budget_it_is_proved_all_the_same():
    finding = found(leak_stopping_on_test_fold, examined(search(Restless()), *NOISE))[CODE]
    assert (finding.verdict, finding.effect) == ("fault", None)


def test_rows_scaled_by_a_pipeline_are_recognised():
    pipe = make_pipeline(StandardScaler(), Net())
    fit_params = {"net__validation_data": (X, Y)}
    examination = examined(search(pipe), X, Y, fit_params=fit_params)
    assert found(leak_stopping_on_test_fold, examination)[CODE].verdict == "fault"


class Numbered(Net):
    """Knows all rows by number, and validates on those that it is not given."""

    def __init__(self, everyone=None, stops=True, n_fits=1):
        super().__init__(stops, n_fits)
        self.everyone = everyone

    def fit(self, X, y):
        others = np.setdiff1d(np.arange(len(self.everyone)), X[:, 0].astype(int))
        rest = (self.everyone[others], Y[others]) if len(others) else None
        return super().fit(X[:, 1:], y, validation_data=rest)

    def predict(self, X):
        return self.classes_[self.model_.predict(X[:, 1:], verbose=0).argmax(axis=1)]


def test_rows_are_recognised_by_what_the_model_gets():
    numbered = np.column_stack([np.arange(len(X)), X])
    examination = examined(search(Numbered(X)), numbered, Y)
    finding = found(leak_stopping_on_test_fold, examination)[CODE]
    assert finding.verdict == "fault"
    assert finding.evidence["share_of_held_out_rows_watched"] == 1.0


def test_epochs_chosen_on_held_out_rows_are_a_fault():
    estimator = Net(stops=False, n_fits=2)
    examination = examined(search(estimator), X, Y, fit_params={"validation_data": (X, Y)})
    assert found(leak_stopping_on_test_fold, examination)[CODE].verdict == "fault"


def test_watching_alone_is_not_the_cause():
    examination = examined(search(Net(stops=False)), X, Y, fit_params={"validation_data": (X, Y)})
    assert found(leak_stopping_on_test_fold, examination)[CODE].verdict == "not the cause"


class Watches(keras.callbacks.Callback):
    """Holds rows of its own, without Keras' knowing, and may act on what it sees of them."""

    def __init__(self, does, X):
        super().__init__()
        self.does, self.X, self.seen = does, X, []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(np.mean(self.model(self.X))))
        if self.does == "rate":
            self.model.optimizer.learning_rate = 0.001
        elif self.does == "stop":
            self.model.stop_training = True
        elif epoch == 0:
            self.kept = self.model.get_weights()

    def on_train_end(self, logs=None):
        if self.does == "put back":
            self.model.set_weights(self.kept)


class WithCallback(Net):
    def fit(self, X, y, callbacks=()):
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
        self.model_.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
        self.model_.fit(X, y, epochs=2, batch_size=60, verbose=0, callbacks=list(callbacks))
        return self


@pytest.mark.parametrize(
    ("does", "verdict"),
    [("rate", "fault"), ("stop", "fault"), ("put back", "fault"), ("nothing", "not the cause")],
)
def test_rows_in_a_callback_of_the_users_own(does, verdict):
    fit_params = {"callbacks": [Watches(does, X)]}
    finding = found(
        leak_stopping_on_test_fold, examined(search(WithCallback()), X, Y, fit_params=fit_params)
    )[CODE]
    assert finding.verdict == verdict
    assert finding.evidence["acted"] == (["Watches"] if verdict == "fault" else [])


def test_what_one_of_keras_own_callbacks_may_have_done_is_undecided():
    slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    fit_params = {"callbacks": [Watches("nothing", X), slower]}
    finding = found(
        leak_stopping_on_test_fold, examined(search(WithCallback()), X, Y, fit_params=fit_params)
    )[CODE]
    assert finding.verdict == "undecided"


def test_other_rows_in_a_callback_are_silent():
    fit_params = {"callbacks": [Watches("put back", rows(1)[0])]}
    examination = examined(search(WithCallback()), X, Y, fit_params=fit_params)
    assert found(leak_stopping_on_test_fold, examination) == {}


@pytest.mark.parametrize(
    "fit_params", [{"validation_data": rows(1)}, {"validation_split": 0.2}], ids=["apart", "inner"]
)
def test_other_rows_are_silent(fit_params):
    examination = examined(search(Net()), X, Y, fit_params=fit_params)
    assert found(leak_stopping_on_test_fold, examination) == {}


def test_rows_that_repeat_honestly_are_silent():
    few = np.random.default_rng(0).integers(0, 2, (60, 3)).astype("float32")
    examination = examined(search(Net()), few, Y, fit_params={"validation_split": 0.2})
    assert found(leak_stopping_on_test_fold, examination) == {}


class ChoosingNet(ClassifierMixin, BaseEstimator):
    """Holds several rules, and takes the one that does best on what it is scored by."""

    def __init__(self, chooses=True, random=False):
        self.chooses, self.random = chooses, random

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.rules_ = np.random.default_rng(0).standard_normal((40, X.shape[1]))
        self.rule_ = self.rules_[0]
        return self

    def predict(self, X):
        noise = np.random.standard_normal(len(X)) if self.random else 0
        return (X @ self.rule_ + noise > 0).astype(int)

    def score(self, X, y):
        scores = [np.mean((X @ rule > 0) == y) for rule in self.rules_]
        if not self.chooses:
            return scores[0]
        self.rule_ = self.rules_[int(np.argmax(scores))]
        return max(scores)


def test_an_estimator_that_chooses_while_it_is_scored_is_a_fault():
    several = GridSearchCV(ChoosingNet(), {}, cv=StratifiedKFold(4), refit=False)
    examination = examined(several, *NOISE)
    finding = found(leak_stopping_on_test_fold, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.evidence["fits_changed_by_scoring"] == 4
    assert finding.interval[0] > 0  # labels are drawn by lot: all of it is inflation
    first = examination.trials[0]
    hits = first.predictions == NOISE[1][examination.subject.splits[0][1]]
    assert first.score == hits.mean()


@pytest.mark.parametrize("given", [{"chooses": False}, {"random": True}])
def test_a_score_that_changes_nothing_or_cannot_be_told_to_is_silent(given):
    several = GridSearchCV(ChoosingNet(**given), {}, cv=StratifiedKFold(4), refit=False)
    assert CODE not in found(leak_stopping_on_test_fold, examined(several, *NOISE))


class Asking(Net):
    """Trains epoch by epoch, and asks about rows from elsewhere after each."""

    def __init__(self, asked=None, keeps=True, way="predict"):
        self.asked, self.keeps, self.way = asked, keeps, way

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        keras.utils.set_random_seed(0)
        self.model_ = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(2, "softmax")]
        )
        self.model_.compile(
            keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        rest = ~np.isin(NOISE[0][:, 0], X[:, 0])
        held = (NOISE[0][rest], NOISE[1][rest]) if self.asked is None else self.asked
        best, kept = -1.0, None
        for done in range(6):
            self.model_.fit(X, y, initial_epoch=done, epochs=done + 1, batch_size=50, verbose=0)
            right = self._right(*held)
            if right > best:
                best, kept = right, self.model_.get_weights()
        if self.keeps:
            self.model_.set_weights(kept)
        return self

    def _right(self, X, y):
        if self.way == "evaluate":
            return self.model_.evaluate(X, y, verbose=0)[1]
        said = getattr(self.model_, self.way)(X)
        return np.mean(np.asarray(said).argmax(axis=1) == y)

    def predict(self, X):
        return self.classes_[self.model_.predict_on_batch(X).argmax(axis=1)]


@pytest.mark.parametrize("way", ["predict_on_batch", "evaluate", "__call__"])
def test_an_estimator_that_asks_about_held_out_rows_and_goes_back_is_a_fault(way):
    several = GridSearchCV(Asking(way=way), {}, cv=StratifiedKFold(3), refit=False)
    with Starts() as starts:
        examination = examined(several, *NOISE, budget=20)
        examination.starts = starts
        finding = found(leak_stopping_on_test_fold, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.evidence["share_of_held_out_rows_watched"] == 1.0
    assert finding.effect > 0  # labels are drawn by lot: all of it is inflation
    assert keras.Model.predict.__name__ == "predict"
    assert "__call__" not in vars(keras.Model)


def test_an_estimator_that_only_asks_is_undecided_and_of_other_rows_silent():
    def verdicts(**given):
        several = GridSearchCV(Asking(way="predict_on_batch", **given), {}, cv=2, refit=False)
        return {
            code: each.verdict
            for code, each in found(leak_stopping_on_test_fold, examined(several, *NOISE)).items()
        }

    assert verdicts(keeps=False) == {CODE: "undecided"}
    assert verdicts(asked=rows(9, 30)) == {}
