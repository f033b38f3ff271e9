"""Holds back what a signal raises while two threads hand over to each other."""

import signal
import threading

__all__ = ["HeldSignals"]

#: Signals by which a program is told to stop: Ctrl-C, and a test's or a server's time limit.
STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGALRM") if hasattr(signal, name)]


class HeldSignals:
    """A block that ends before anything is raised that a signal's handler raises.

    Python runs handlers in the main thread, between any two of its steps. Inside the block the
    handler runs as well, but what it raises is kept and raised where the block ends. In other
    threads, which hear of no signal, the block is nothing.

    Parameters
    ----------
    when_held : callable () -> None
        Told at once, so that the block comes to its end.

    Examples
    --------
    >>> import signal
    >>> before = signal.signal(signal.SIGINT, signal.default_int_handler)
    >>> held = HeldSignals(lambda: print("asked to stop"))
    >>> try:
    ...     with held:
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("finished")
    ... except KeyboardInterrupt:
    ...     print("stopped")
    asked to stop
    finished
    stopped
    >>> _ = signal.signal(signal.SIGINT, before)
    """

    def __init__(self, when_held):
        self._when_held = when_held
        self._depth, self._before, self._raised = 0, {}, None

    def __enter__(self):
        if not _in_main_thread():
            return
        if self._depth == 0:
            handlers = {number: signal.getsignal(number) for number in STOPPING}
            self._before = {n: handler for n, handler in handlers.items() if callable(handler)}
            for number in self._before:
                signal.signal(number, self._handle)
        self._depth += 1

    def __exit__(self, *failure):
        if not _in_main_thread():
            return
        self._depth -= 1
        if self._depth == 0:
            for number, handler in reversed(self._before.items()):
                signal.signal(number, handler)
            raised, self._raised = self._raised, None
            if raised is not None:
                raise raised

    def _handle(self, number, frame):
        try:
            self._before[number](number, frame)
        except BaseException as error:  # noqa: BLE001 - raised at the end of the block
            self._raised = error
            self._when_held()


def _in_main_thread():
    return threading.current_thread() is threading.main_thread()
