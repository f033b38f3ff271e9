"""Imports between modules point one way; each rule is read from the code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "helpers"

# From what knows nothing of the others to what knows them all: a module imports from lower layers,
# or from its own. Modules of one subject share a line.
LAYERS = (
    {"spelling", "quiet", "errors", "intervals", "workers", "_drawing", "files"},
    {
        "routing",
        "randomness",
        "class_state",
        "graphs",
        "claims",
        "digests",
        "persistence",
        "asked_logs",
        "model_facts",
    },
    {"copies"},
    {"_dataset", "synthetic", "user_files", "datasets", "figures"},
    {"building", "targets", "fingerprint"},
    {"parameters", "training", "recipes", "readme"},
    {"epochs"},
    {"cache", "lockstep"},
    {"rows", "arguments", "readable", "kinds", "prediction", "routed"},
    {"checked"},
    {"estimator"},
    {"wrapper", "recorder", "fit_record"},
    {"diagnosis"},
    {"cases"},
    {"plan", "kernels", "pages", "batch"},
    {"notebook_cells", "preparation", "in_kernel"},
    {"own_file", "own_notebook", "diagnose_command"},
    {"__main__"},
    {"__init__"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def modules():
    return sorted(ROOT.rglob("*.py"))


def subject(path):
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else path.stem


def imported(path):
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            if node.module == "helpers":
                yield from (f"helpers.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_one_way(path):
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "helpers" and len(parts) > 1:
            assert RANK[parts[1]] <= RANK[subject(path)], f"{subject(path)} imports {name}"


@pytest.mark.parametrize(
    "module", ["training", "building", "targets", "routing", "randomness", "class_state", "cache"]
)
def test_training_knows_no_scikit_learn(module):
    assert not [name for name in imported(ROOT / f"{module}.py") if name.startswith("sklearn")]


def test_the_recorder_knows_no_estimator():
    assert "helpers.wrapper" not in set(imported(ROOT / "recorder.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_keras_comes_without_noise(path):
    """Who imports Keras or TensorFlow by name imports the quiet one before."""
    names = list(imported(path))
    loud = [i for i, n in enumerate(names) if n.split(".")[0] in ("keras", "tensorflow")]
    if loud and path.stem != "quiet":
        assert "helpers.quiet" in names[: loud[0]]


def test_no_module_is_called_after_what_it_is_not():
    assert not [path for path in modules() if path.stem in ("utils", "misc", "common", "helpers")]
