"""Runs notebooks with papermill; places what they made, whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillException
from papermill.execute import raise_for_execution_errors
from tqdm import tqdm

from helpers import claims
from helpers.kernels import KernelPool, manager_for
from helpers.pages import to_html
from helpers.plan import CLAIMS_PATH, Job

CLAIMS_FILE = "claims.json"
SUFFIXES = (".ipynb", ".html", ".claims.json")
SCRATCH = ".run-"
START_TIMEOUT_S = 120  # a loaded machine with two cores and several kernels starting


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook."""

    stem: str
    seconds: float
    error: str | None = None
    claims: list[claims.Claim] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.error is None and all(claim.holds for claim in self.claims)


def run(jobs: Sequence[Job], out: str | Path = "build", n_jobs: int = 1) -> list[Outcome]:
    """Execute notebooks, with one progress bar over all of their cells.

    A notebook that fails leaves its partly executed copy with the error on top, and the others
    go on. ``claims.json`` is there only after a run that came to its end.

    Parameters
    ----------
    jobs : sequence of Job
        As :func:`helpers.plan.make_plan` gives them.
    out : path, default="build"
        Folder of the executed notebooks, their HTML and their claims.
    n_jobs : int >= 1, default=1
        Notebooks that run at a time.

    Returns
    -------
    list of Outcome
        In the order of ``jobs``.

    Raises
    ------
    KeyboardInterrupt
        On SIGINT, SIGTERM or SIGHUP, after every kernel has been killed. Finished notebooks
        keep their outputs.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / CLAIMS_FILE).unlink(missing_ok=True)
    with quiet_loggers(), _scratch(out) as scratch, _bar(jobs) as bar, ending_signals():
        outcomes = _run_all(jobs, out, scratch, bar, n_jobs)
    found = [claim for outcome in outcomes for claim in outcome.claims]
    claims.save(claims.document(found), out / CLAIMS_FILE)
    return outcomes


def report(outcomes: Sequence[Outcome], width: int = 100) -> str:
    """The table of claims, the time of each notebook, and what went wrong.

    Examples
    --------
    >>> print(report([Outcome("01_x", 1.5), Outcome("02_y", 3.0, "In [2]: ValueError: no")]))
    01_x     1.5 s
    02_y     3.0 s  In [2]: ValueError: no
    0 of 0 claims hold; 1 of 2 notebooks ran to their end
    """
    found = [claim for outcome in outcomes for claim in outcome.claims]
    lines = [claims.to_text(found, width), ""] if found else []
    stem_width = max(len(outcome.stem) for outcome in outcomes)
    for outcome in outcomes:
        line = f"{outcome.stem:<{stem_width}}  {outcome.seconds:6.1f} s  {outcome.error or ''}"
        lines.append(line.rstrip())
    held = sum(claim.holds for claim in found)
    ended = sum(outcome.error is None for outcome in outcomes)
    lines.append(
        f"{held} of {len(found)} claims hold; {ended} of {len(outcomes)} notebooks ran to their end"
    )
    return "\n".join(lines)


def _run_all(jobs, out, scratch, bar, n_jobs) -> list[Outcome]:
    pool = KernelPool()
    outcomes = {}
    with ThreadPoolExecutor(n_jobs) as threads:
        try:
            runs = [_Run(job, out, scratch, pool, bar) for job in jobs]
            futures = {threads.submit(run.execute): run for run in runs}
            for future in as_completed(futures):
                outcomes[futures[future].job.stem] = future.result()
        finally:
            # Also after an error of our own: the threads wait for kernels that nobody would end.
            pool.end()
            threads.shutdown(wait=False, cancel_futures=True)
    return [outcomes[job.stem] for job in jobs]


class _Run:
    """One notebook's way from the job to the files in ``out``."""

    def __init__(self, job: Job, out: Path, scratch: Path, pool: KernelPool, bar: tqdm):
        self.job, self.out, self.scratch, self.pool, self.bar = job, out, scratch, pool, bar
        self.copy = self._draft(".ipynb")
        self.log = self._draft(".log")
        self.started = self.done = 0
        self.cell_index = None

    def execute(self) -> Outcome:
        start = time.monotonic()
        self.bar.set_postfix_str(self.job.stem)
        try:
            error = self._papermill()
        finally:
            ensure_event_loop().close()  # this thread's, which the client leaves open
        if self.pool.ended:
            return Outcome(self.job.stem, time.monotonic() - start, "interrupted")
        found = []
        if error is None and self.job.writes_claims:
            error, found = self._claims()
        self._place()
        self.bar.update(self.job.n_cells - self.done)
        return Outcome(self.job.stem, time.monotonic() - start, error, found)

    def _papermill(self) -> str | None:
        given = dict(self.job.parameters)
        if self.job.writes_claims:
            given[CLAIMS_PATH] = str(self._draft(".claims.json"))
        try:
            papermill.execute_notebook(
                self.job.path,
                self.copy,
                given,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=START_TIMEOUT_S,
                kernel_manager_class=manager_for(self.pool, self.log),
                on_cell_execute=self._on_cell_execute,
                on_cell_executed=self._on_cell_executed,
            )
        except papermill.PapermillExecutionError as error:
            return f"In [{error.exec_count}]: {error.ename}: {error.evalue}"
        except (DeadKernelError, RuntimeError, PapermillException) as error:
            return self._mark_dead(error)
        return None

    def _mark_dead(self, error: Exception) -> str:
        """Put the end of a kernel where papermill puts the error of a cell."""
        last_words = self.log.read_text(errors="replace").splitlines()[-20:]
        message = f"{error}; its last output: {last_words[-1]}" if last_words else str(error)
        if self.pool.ended or self.cell_index is None:
            return message
        notebook = nbformat.read(self.copy, as_version=4)
        for cell in notebook.cells[self.cell_index + 1 :]:
            cell.metadata.papermill["status"] = "pending"
        cell = notebook.cells[self.cell_index]
        cell.execution_count = self.started
        cell.metadata.papermill |= {"exception": True, "status": "failed"}
        cell.outputs.append(_error_output(type(error).__name__, message, last_words))
        with contextlib.suppress(papermill.PapermillExecutionError):
            raise_for_execution_errors(notebook, str(self.copy))
        return f"In [{self.started}]: {type(error).__name__}: {message}"

    def _claims(self) -> tuple[str | None, list[claims.Claim]]:
        path = self._draft(".claims.json")
        if not path.exists():
            return f"wrote no claims: it has {CLAIMS_PATH} among its parameters", []
        try:
            return None, claims.read(path)
        except ValueError as error:
            return str(error), []

    def _place(self) -> None:
        if self.copy.exists():
            notebook = nbformat.read(self.copy, as_version=4)
            notebook.metadata.papermill["output_path"] = str(self._final(".ipynb"))
            nbformat.write(notebook, self.copy)
            self._draft(".html").write_text(to_html(notebook, self.job.stem), encoding="utf-8")
        for suffix in SUFFIXES:
            if self._draft(suffix).exists():
                os.replace(self._draft(suffix), self._final(suffix))
            else:
                self._final(suffix).unlink(missing_ok=True)

    def _draft(self, suffix: str) -> Path:
        return self.scratch / f"{self.job.stem}{suffix}"

    def _final(self, suffix: str) -> Path:
        return self.out / f"{self.job.stem}{suffix}"

    def _on_cell_execute(self, cell: NotebookNode, cell_index: int) -> None:
        self.started += 1
        self.cell_index = cell_index

    def _on_cell_executed(self, cell: NotebookNode, **_) -> None:
        if "injected-parameters" not in cell.metadata.get("tags", []):
            self.done += 1
            self.bar.update(1)


def _error_output(ename: str, evalue: str, last_words: list[str]) -> NotebookNode:
    traceback = [*last_words, f"{ename}: {evalue}"]
    return nbformat.v4.new_output("error", ename=ename, evalue=evalue, traceback=traceback)


@contextlib.contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """A folder in ``out``, so that moving a file from it to its place is atomic."""
    for folder in out.glob(f"{SCRATCH}*"):
        if not _is_running(folder.name.removeprefix(SCRATCH).partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(
        dir=out, prefix=f"{SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def ending_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end a run as Ctrl-C does; another Ctrl-C is not needed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread alone
        return
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, _interrupt_once) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _interrupt_once(*_) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextlib.contextmanager
def quiet_loggers() -> Iterator[None]:
    """What papermill logs as an error is raised as well, and reported at the end."""
    logger = logging.getLogger("papermill")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _bar(jobs: Sequence[Job]) -> tqdm:
    # Not on a terminal every update is a line of its own: a few of them do.
    pause_s = 0.1 if sys.stderr.isatty() else 15
    total = sum(job.n_cells for job in jobs)
    return tqdm(total=total, desc=f"{len(jobs)} notebooks", unit="cell", mininterval=pause_s)
