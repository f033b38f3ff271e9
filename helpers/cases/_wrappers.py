"""Other people's wrappers, imported when TensorFlow has been silenced: see `helpers.quiet`."""

import contextlib
import io

from helpers.quiet import keras  # isort: split

from scikeras.wrappers import KerasClassifier as SciKeras

__all__ = ["SKLearnClassifier", "SciKeras", "unprinted"]

SKLearnClassifier = keras.wrappers.SKLearnClassifier


@contextlib.contextmanager
def unprinted():
    """Hold back the progress bar that `SKLearnClassifier.predict` draws: it takes no `verbose`."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
