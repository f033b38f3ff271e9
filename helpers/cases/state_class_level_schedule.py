"""A callback that keeps its learning rate on the class."""

from helpers.cases import Case
from helpers.cases._builders import mlp_compiled
from helpers.cases._diagnosed import patient_of
from helpers.cases._fits import equal_candidates, several_epochs
from helpers.cases._wrappers import SciKeras
from helpers.quiet import keras


def faulty(task):
    return two_equal_candidates(task, remembering())


def remembering():
    class Decay(keras.callbacks.Callback):
        rate = 0.3  # of the class: the next fit goes on from where this one stopped

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = Decay.rate
            Decay.rate *= 0.6

    return Decay


def fixed(task):
    class Decay(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.rate = 0.3  # of this fit

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = self.rate
            self.rate *= 0.6

    return two_equal_candidates(task, Decay)


def two_equal_candidates(task, callback):
    return equal_candidates(
        task, lambda X, y: scheduled(task, callback), n_repeats=1, n_folds=3
    )  # fmt: skip


def scheduled(task, callback):
    epochs = several_epochs(task)
    return SciKeras(mlp_compiled, epochs=epochs, verbose=0, callbacks=callback)


def patient(task):
    return patient_of(task, scheduled(task, remembering()), batch_size=[32, 32])


CASE = Case(
    code="state/class-level-schedule",
    title="A learning-rate schedule that remembers the last fit",
    statement="The last of two equal candidates scores less if a callback keeps the learning rate "
    "on its class: each fit starts with the rate at which the one before it ended.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy of the candidate listed last",
    unit="accuracy",
    expect="lower",
    margin=0.02,
    reused_folds=True,
    patient=patient,
    source="frankkramer-lab/MIScnn#71, K#3000",
)
