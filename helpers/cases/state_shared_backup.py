"""One BackupAndRestore folder for all fits, kept between them."""

import tempfile
from pathlib import Path

import pandas as pd

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp_compiled
from helpers.cases._fits import searched, several_epochs, two_repeats, weights_are_saved
from helpers.cases._wrappers import SciKeras
from helpers.quiet import keras


def faulty(task):
    def backup(folder):
        return keras.callbacks.BackupAndRestore(folder / "backup", delete_checkpoint=False)

    return cross_validated(task, backup)


def fixed(task):
    def backup(folder):
        class OwnBackup(keras.callbacks.BackupAndRestore):  # a class: made anew for each fit
            def __init__(self):
                super().__init__(tempfile.mkdtemp(dir=folder), delete_checkpoint=False)

        return OwnBackup

    return cross_validated(task, backup)


def cross_validated(task, backup):
    """Cross-validate one candidate; the value of a fit is the number of epochs that it ran."""
    parts, epochs = [], several_epochs(task)
    for repeat, seed in two_repeats(task):
        with tempfile.TemporaryDirectory() as folder, weights_are_saved():
            callback = backup(Path(folder))
            network = SciKeras(mlp_compiled, epochs=epochs, verbose=0, callbacks=callback)
            grid = {"net__batch_size": [32]}
            table = searched(in_pipeline(network), grid, task, seed=seed, repeat=repeat, n_folds=2)
        parts.append(table.assign(accuracy=table["value"], value=table["epochs_run"]))
    return pd.concat(parts, ignore_index=True)


CASE = Case(
    code="state/shared-backup",
    title="One backup folder for all fits",
    statement="With one BackupAndRestore folder that is kept, only the first fit trains: the "
    "others find its backup and run no epoch.",
    faulty=faulty,
    fixed=fixed,
    value="epochs run",
    unit="epochs",
    expect="lower",
    margin=1,
    on=("repeat",),
    source="K#3000",
)
