"""Times the contestants: each sample in a process of its own, one after the other, interleaved.

A new process pays all that a user pays in a fresh kernel: tracing, planning, compiling. What comes
before the first search of any kind (imports, TensorFlow's first graph) is not timed: each process
runs a small search of another structure before.
"""

import contextlib
import io
import math
import multiprocessing
import platform
import resource
import statistics
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata

import numpy as np

from helpers.quiet import stderr_held_back
from tests.benchmarks import nets
from tests.benchmarks.contestants import CONTESTANTS, reason_against
from tests.benchmarks.tasks import TASKS, Task, grid

WARM_UP = Task(
    "warm-up", "", nets.MLP, grid(learning_rate=[0.01], units=[7], dropout=[0.1]), epochs=1
)


class UnequalTraining(Exception):
    """A contestant made another number of updates than the task asks for."""


@dataclass
class Measured:
    """What one contestant did with one task.

    Parameters
    ----------
    reason : str, optional
        Why it did not take part, or how it failed.
    failed : bool, default=False
    seconds, cpu_seconds, peak_mb : list of float
        One value per repeat; the memory is that of the whole process. Where the processor's
        seconds are far fewer than the wall's, something else had the machine.
    accuracies, updates : list of list of list of float
        Per repeat, candidate and fold.
    """

    reason: str | None = None
    failed: bool = False
    seconds: list = field(default_factory=list)
    cpu_seconds: list = field(default_factory=list)
    peak_mb: list = field(default_factory=list)
    accuracies: list = field(default_factory=list)
    updates: list = field(default_factory=list)

    def add(self, seconds, cpu_seconds, peak_mb, accuracies, updates):
        """One more repeat."""
        self.seconds.append(seconds)
        self.cpu_seconds.append(cpu_seconds)
        self.peak_mb.append(peak_mb)
        self.accuracies.append(accuracies)
        self.updates.append(updates)

    @property
    def accuracy(self):
        return float(np.mean(self.accuracies))

    @property
    def accuracy_sd(self):
        """Of fits of one candidate: folds and seeds. Not a number where there is one fit."""
        values = np.concatenate(self.accuracies, axis=1)
        if values.shape[1] < 2:
            return math.nan
        return float(np.sqrt(values.var(axis=1, ddof=1).mean()))

    def cost(self, task):
        """Seconds of the median run; per update where a stopper decides how many there are."""
        if task.patience is None:
            return statistics.median(self.seconds)
        updates = np.sum(self.updates, axis=(1, 2))
        return float(np.median(np.divide(self.seconds, updates)))


def peak_mb():
    """Largest memory of this process until now."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def once(contestant, task, seed):
    """One sample, in the process that is here: seconds, CPU seconds, memory, scores, updates."""
    run = CONTESTANTS[contestant].run
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), stderr_held_back():
        # Some warn at each fit, and TensorFlow of validation_split: writing it would be timed.
        warnings.simplefilter("ignore")
        # Two candidates, or it would be a fit instead of a search.
        run(replace(WARM_UP, candidates=WARM_UP.candidates * 2), *WARM_UP.splits(), seed)
        X, y, splits = task.splits()
        start, cpu_start = time.perf_counter(), time.process_time()
        accuracies, updates = run(task, X, y, splits, seed)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    for (train, _), made in zip(splits, updates.T, strict=True):
        asked = task.updates(len(train))
        if asked is not None and not (made == asked).all():
            counts = ", ".join(f"{count:.0f}" for count in sorted(set(made)))
            raise UnequalTraining(f"{counts} updates instead of {asked}")
    return seconds, cpu_seconds, peak_mb(), accuracies.tolist(), updates.tolist()


def in_new_process(contestant, task, seed):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(once, contestant, task, seed).result()


def measure(task, contestants, repeats, note=print):
    """All contestants of one task; a failure of one is noted, and ends no other."""
    measured = {name: Measured(reason_against(CONTESTANTS[name], task)) for name in contestants}
    for seed in range(repeats):
        for name, own in measured.items():
            if own.reason is not None:
                continue
            try:
                sample = in_new_process(name, task, seed)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
                own.reason, own.failed = f"{type(error).__name__}: {error}", True
                note(f"{task.name}  {name}  FAILED  {own.reason}")
                continue
            own.add(*sample)
            note(f"{task.name}  {name}  {own.seconds[-1]:.2f} s  accuracy {own.accuracy:.3f}")
    return measured


def machine():
    """What the numbers depend on, beside the code."""
    packages = "numpy", "scikit-learn", "tensorflow", "keras", "scikeras", "torch", "skorch", "jax"
    versions = {}
    for name in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": multiprocessing.cpu_count(),
        "versions": versions,
    }


def to_dict(measured):
    return {
        task: {"title": TASKS[task].title, "contestants": {n: asdict(m) for n, m in by.items()}}
        for task, by in measured.items()
    }
