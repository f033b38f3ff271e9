"""README shows what the commands make, and its code runs."""

import json
import re
from pathlib import Path

import pytest

from helpers import cases, readme
from helpers.claims import Claim, document

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLAIMS = [
    Claim("a/b", "It | holds.", 0.9, 0.5, "accuracy", (0.3, 0.5), True, "01_x"),
    Claim("a/c", "It does not.", 1.0, 1.0, "epochs", (0.0, 0.0), False, "01_x"),
]


def test_table_has_every_case_and_no_other():
    shown = re.findall(r"^\| \*\*`([^`]+)`\*\*", README, flags=re.M)
    assert sorted(shown) == sorted(cases.codes())


def test_snippets_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert snippets
    names = {"__name__": "__main__"}  # as in a notebook: functions travel to workers by value
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), names)
    assert names["search"].best_score_ > 0.9


def test_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([\w.]+):", (ROOT / "Makefile").read_text(), flags=re.M)
    commands = re.findall(r"^make ([\w.]+)", README, flags=re.M)
    assert {"notebooks", "test"} <= set(commands) <= set(targets)


def test_map_names_what_there_is():
    block = README.split("## Map")[1]
    for path in re.findall(r"^([\w./]+)  ", block, flags=re.M):
        assert (ROOT / path).exists(), path


def test_update_replaces_table_and_draws_figure(tmp_path):
    page, found = tmp_path / "README.md", tmp_path / "claims.json"
    page.write_text(f"top\n{readme.START}\nstale\n{readme.END}\nbottom\n")
    found.write_text(json.dumps(document(CLAIMS)))
    readme.update(found, page, tmp_path / "effects.png")
    text = page.read_text()
    assert text.startswith(f"top\n{readme.START}\n| what")
    assert text.endswith(f"{readme.END}\nbottom\n")
    assert "stale" not in text
    assert "It \\| holds." in text
    assert (tmp_path / "effects.png").read_bytes().startswith(b"\x89PNG")
    first = text
    readme.update(found, page, tmp_path / "effects.png")
    assert page.read_text() == first


def test_readme_without_marks_is_left_alone(tmp_path):
    page, found = tmp_path / "README.md", tmp_path / "claims.json"
    page.write_text("nothing here\n")
    found.write_text(json.dumps(document(CLAIMS)))
    with pytest.raises(ValueError, match="claims: start"):
        readme.update(found, page, tmp_path / "effects.png")
    assert page.read_text() == "nothing here\n"
    assert not (tmp_path / "effects.png").exists()
