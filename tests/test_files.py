"""A file is written whole, or the old one stays."""

import stat

import pytest

from helpers import files


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = files.place("old", tmp_path / "note.txt")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        files.place("new", path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_users_may_read_it(tmp_path):
    path = files.place("text", tmp_path / "new" / "note.txt")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_half_a_surrogate_pair_is_written_as_an_escape(tmp_path):
    assert files.place("é \udcff", tmp_path / "note.txt").read_text("utf-8") == "é \\udcff"
