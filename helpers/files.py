"""Writes a file whole or not at all."""

import os
import tempfile
from pathlib import Path

__all__ = ["place"]


def place(text, path):
    """Write beside the place of the file, then move it there: a reader never sees half a file.

    Parameters
    ----------
    text : str
        Written as UTF-8; halves of surrogate pairs, which UTF-8 has no place for, as ``\\udcff``.
    path : str or path
        Its folder is made if it is not there.

    Returns
    -------
    Path

    Examples
    --------
    >>> import pathlib, tempfile
    >>> place("whole", pathlib.Path(tempfile.mkdtemp()) / "new" / "note.txt").read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.chmod(draft, 0o644)  # mkstemp's own mode hides the file from other users
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return path
