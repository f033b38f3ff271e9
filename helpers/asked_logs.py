"""What a user's callback asks the logs of an epoch for, and whether it is ever answered."""

import contextlib
import types

__all__ = ["Asked", "asked_by"]

#: What a callback that stops a fit, or goes back to its best epoch, does with the model.
_ACTS = {"stop_training", "set_weights", "load_weights"}


class Asked:
    """Names that a callback has asked the logs for.

    Attributes
    ----------
    names : set of str
        Of those that were not there.
    is_answered : bool
        Whether any was, or it has looked at all there are.
    """

    def __init__(self):
        self.names, self.is_answered = set(), False


@contextlib.contextmanager
def asked_by(callback):
    """Note what a callback of the user's own asks for at the end of epochs, while this lasts.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Is afterwards as it was. One of Keras' own is left alone.

    Yields
    ------
    Asked or None
        None of a callback that could not act on what it hears: one that never stops a fit nor sets
        weights.

    Examples
    --------
    >>> from helpers.quiet import keras
    >>> class Stop(keras.callbacks.Callback):
    ...     __module__ = "__main__"  # as in a notebook
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.model.stop_training = (logs or {}).get("val_acc", 0) > 0.9
    >>> stop = Stop()
    >>> stop.set_model(keras.Sequential())
    >>> with asked_by(stop) as asked:
    ...     stop.on_epoch_end(0, {"loss": 1.0})
    >>> asked.names, asked.is_answered
    ({'val_acc'}, False)
    """
    if not _acts(callback):
        yield None
        return
    asked, original = Asked(), callback.on_epoch_end

    def on_epoch_end(epoch, logs=None):
        if not isinstance(logs, dict):
            return original(epoch, logs)
        heard = _Logs(logs, asked)
        try:
            return original(epoch, heard)
        finally:  # what it has written is for the callbacks after it
            logs.clear()
            logs.update(dict.items(heard))

    callback.on_epoch_end = on_epoch_end
    try:
        yield asked
    finally:
        del callback.on_epoch_end


class _Logs(dict):
    def __init__(self, logs, asked):
        super().__init__(logs)
        self._asked = asked

    def _note(self, name):
        if dict.__contains__(self, name):
            self._asked.is_answered = True
        elif isinstance(name, str):
            self._asked.names.add(name)

    def __getitem__(self, name):
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self._note(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        self._note(name)
        return super().get(name, default)

    def __iter__(self):
        self._asked.is_answered = True
        return super().__iter__()

    def keys(self):
        self._asked.is_answered = True
        return super().keys()

    def values(self):
        self._asked.is_answered = True
        return super().values()

    def items(self):
        self._asked.is_answered = True
        return super().items()


def _acts(callback):
    """Whether a class of the user's own stops fits or sets weights at the end of an epoch."""
    own = [
        cls
        for cls in type(callback).__mro__
        if cls.__module__.partition(".")[0] not in ("keras", "helpers", "builtins")
    ]
    if "on_epoch_end" in vars(callback) or not any("on_epoch_end" in vars(cls) for cls in own):
        return False
    functions = [
        each for cls in own for each in vars(cls).values() if isinstance(each, types.FunctionType)
    ]
    return any(_ACTS & {*each.__code__.co_names} for each in functions)
