"""Keeps a fitted estimator in one file that holds no code: its Keras model beside a JSON record."""

import hashlib
import json
import os
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from helpers.quiet import keras

FORMAT = "fitted keras estimator, 3"
RECORD, MODEL = "estimator.json", "model.keras"
#: Whose versions are recorded.
PACKAGES = ("keras", "tensorflow", "scikit-learn", "numpy")


def write(path, model, record):
    """Write a model and a record into one file, whole or not at all.

    Parameters
    ----------
    path : path
        Replaced if it is there.
    model : keras.Model
    record : dict
        What JSON can hold.

    Raises
    ------
    TypeError
        If JSON cannot hold the record; nothing is written.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        model_path, whole = Path(folder, MODEL), Path(folder, "whole")
        model.save(model_path)
        head = {
            "format": FORMAT,
            "versions": {name: version(name) for name in PACKAGES},
            "model_sha256": hashlib.sha256(model_path.read_bytes()).hexdigest(),
        }
        text = json.dumps(head | record, indent=1)
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr(RECORD, text)
            archive.write(model_path, MODEL)
        os.replace(whole, path)


def read(path, custom_objects=None):
    """Read what `write` has written; nothing that the file holds is executed.

    Parameters
    ----------
    path : path
    custom_objects : dict of str to class, default=None
        Layers, losses and metrics that are not Keras' own.

    Returns
    -------
    model : keras.Model
    record : dict

    Raises
    ------
    ValueError
        If the file is of another kind, or not as it was written.

    Notes
    -----
    The checksum finds a damaged file, not one that somebody has made on purpose. What keeps such a
    file from running code is that a record is JSON, and that Keras loads the model in its
    ``safe_mode``, which refuses lambdas and other code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sorted(archive.namelist()) != sorted([RECORD, MODEL]):
                raise ValueError(f"it holds {archive.namelist()}")
            record, content = json.loads(archive.read(RECORD)), archive.read(MODEL)
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise ValueError(f"its record is not of the format {FORMAT!r}")
        if hashlib.sha256(content).hexdigest() != record.get("model_sha256"):
            raise ValueError("its model is not the one that was saved")
    except (zipfile.BadZipFile, ValueError) as error:
        raise ValueError(
            f"path={str(path)!r}: a file that `save` has written is accepted; {error}"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        model_path = Path(folder, MODEL)
        model_path.write_bytes(content)
        model = keras.saving.load_model(model_path, custom_objects=custom_objects, safe_mode=True)
    return model, record


def is_plain(value):
    """Whether JSON gives a value back as it was.

    Examples
    --------
    >>> is_plain([1, "a"]), is_plain((1, 2)), is_plain(len)
    (True, False, False)
    """
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False


def to_plain(value):
    """Write arrays and tuples in a form that JSON can hold; the rest stays.

    Examples
    --------
    >>> from_plain(to_plain(np.array([1.5, 2.5]))), from_plain(to_plain((3, 4)))
    (array([1.5, 2.5]), (3, 4))
    """
    if isinstance(value, np.ndarray):
        return {"values": value.tolist(), "dtype": str(value.dtype)}
    if isinstance(value, list):
        return [to_plain(each) for each in value]
    return {"tuple": list(value)} if isinstance(value, tuple) else value


def from_plain(value):
    """Undo `to_plain`."""
    if isinstance(value, dict) and set(value) == {"values", "dtype"}:
        return np.array(value["values"], dtype=value["dtype"])
    if isinstance(value, list):
        return [from_plain(each) for each in value]
    return tuple(value["tuple"]) if isinstance(value, dict) and set(value) == {"tuple"} else value
