"""Kernels that run on this interpreter and die with the batch."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec

SPEC = KernelSpec(
    argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"],
    display_name="Python 3 (ipykernel)",
    language="python",
)


class KernelPool:
    """The running kernels of a batch, which one call ends.

    A kernel leads its own process group, so Ctrl-C in the terminal does not reach it, and its
    own children (joblib's workers, say) are in that group. A kernel that is born while the pool
    is being ended is ended as well.
    """

    def __init__(self):
        self._groups: set[int] = set()
        self._lock = threading.Lock()
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended

    def add(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)
            if self._ended:
                _kill(group)

    def discard(self, group: int) -> None:
        """Forget a kernel that has shut down, together with what it left running."""
        with self._lock:
            if group in self._groups:
                self._groups.remove(group)
                _kill(group)

    def end(self) -> None:
        """Kill every kernel with its children, now and from now on."""
        with self._lock:
            self._ended = True
            for group in self._groups:
                _kill(group)


def manager_for(pool: KernelPool, log: Path) -> type[AsyncKernelManager]:
    """A kernel manager class for one notebook.

    Its kernel is ``sys.executable`` whatever kernels are registered under whatever name, belongs
    to ``pool``, and what it says outside of cells goes to the file ``log``.
    """

    class PooledKernelManager(AsyncKernelManager):
        group: int | None = None
        # Its cells have all run. Without a limit it waits for its workers to unload TensorFlow.
        shutdown_wait_time = 1.0

        @property
        def kernel_spec(self):
            return SPEC

        async def start_kernel(self, **options):
            with open(log, "ab") as file:
                await super().start_kernel(**options, stdout=file, stderr=file)
            self.group = self.provisioner.pid
            pool.add(self.group)

        async def cleanup_resources(self, restart=False):
            await super().cleanup_resources(restart)
            if self.group is not None:
                pool.discard(self.group)

    return PooledKernelManager


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
