"""The start-up noise is silenced, real warnings are not."""

import logging
import os
import subprocess
import sys

import nbformat
import papermill
import pytest

from helpers.quiet import TracingFilter, stderr_held_back

FIT = """
import numpy as np
from helpers.quiet import keras, tf
for _ in range(8):  # TensorFlow warns of retracing from the fifth on
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(np.zeros((40, 4)), np.zeros(40), verbose=0)
    model.predict(np.zeros((40, 4)), verbose=0)
"""


@pytest.fixture
def notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(code) for code in (FIT, "print(keras.backend.backend())")]
    path = tmp_path / "fit.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_that_fits_shows_no_stderr(notebook, tmp_path):
    done = papermill.execute_notebook(
        notebook, tmp_path / "out.ipynb", kernel_name="python3", progress_bar=False
    )
    outputs = [output for cell in done.cells for output in cell.outputs]
    assert [output.get("name") for output in outputs] == ["stdout"], outputs
    assert outputs[0]["text"] == "tensorflow\n"


def test_a_plain_process_writes_nothing_to_stderr():
    done = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


THREADS = """
import psutil
from helpers.quiet import tf
tf.matmul(tf.ones((300, 300)), tf.ones((300, 300)))
print(psutil.Process().num_threads())
"""


def test_tensorflow_starts_as_many_threads_as_its_process_was_told():
    counts = []
    for number in ("1", "5"):
        done = subprocess.run(
            [sys.executable, "-c", THREADS], env=os.environ | {"OMP_NUM_THREADS": number},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        counts.append(int(done.stdout))
    assert counts[1] - counts[0] >= 4


SUMS = """
import numpy as np
from helpers import KerasClassifier
from helpers.digests import digest
from helpers.quiet import keras, tf
def build():
    return keras.Sequential([
        keras.Input((12, 12, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(),
        keras.layers.Dense(2, activation="softmax"),
    ])
X = np.random.default_rng(0).normal(size=(200, 12, 12, 1))
net = KerasClassifier(build, epochs=2, batch_size=100, random_state=0).fit(X, X[:, 0, 0, 0] > 0)
print(tf.config.threading.get_intra_op_parallelism_threads())
print(*(digest(each) for each in net.model_.get_weights()))
"""


def test_a_fit_is_the_same_to_the_last_digit_on_any_number_of_cores():
    """Sums of many numbers, like the gradient of a bias, are cut up among the threads."""
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    told = {
        subprocess.run(
            [sys.executable, "-c", SUMS], env=env | more, capture_output=True, text=True, check=True
        ).stdout
        for more in ({}, {"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "5"})
    }
    assert len(told) == 1
    assert told.pop().startswith("1\n")


def test_the_threads_of_an_operation_are_the_users_to_choose():
    """TensorFlow reads the variable by itself."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=os.environ | {"TF_NUM_INTRAOP_THREADS": "5"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    alone = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) - int(alone.stdout) == 4


def test_only_the_import_is_silenced(capfd):
    with stderr_held_back():
        os.write(2, b"noise")
    os.write(2, b"a real message")
    assert capfd.readouterr().err == "a real message"


def test_a_failing_import_shows_what_was_held_back_and_restores_the_descriptor(capfd):
    def failing_import():
        os.write(2, b"the library is missing: libcudart\n")
        raise ImportError("no such library")

    with pytest.raises(ImportError, match="no such library"), stderr_held_back():
        failing_import()
    os.write(2, b"still open")
    assert capfd.readouterr().err == "the library is missing: libcudart\nstill open"


def test_a_process_without_standard_error_is_left_alone(monkeypatch):
    def closed(descriptor):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with stderr_held_back():
        passed = True
    assert passed


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("5 out of the last 5 calls to <function f> triggered tf.function retracing. ...", False),
        ("Conv2DBackpropFilter uses a while_loop. Fix that!", False),
        ("Gradients do not exist for variables ['w'] when minimizing the loss.", True),
    ],
)
def test_only_warnings_of_tracing_are_dropped(message, shown):
    record = logging.LogRecord("tensorflow", logging.WARNING, __file__, 1, message, (), None)
    assert TracingFilter().filter(record) is shown


def test_the_filter_is_installed_once():
    filters = logging.getLogger("tensorflow").filters
    assert sum(isinstance(each, TracingFilter) for each in filters) == 1
