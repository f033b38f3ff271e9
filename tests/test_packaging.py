"""The package, its requirements, and the commands that a stranger types."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11.15", "3.12.13", "3.13.12")
TARGETS = ("notebooks", "test", "bench", "nightly", "lab", ".venv", "lock", "clean")


def lines_of(name):
    return [
        line
        for line in (ROOT / name).read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]


def requirements_of(name):
    return [Requirement(line.partition("#")[0].strip()) for line in lines_of(name)]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pinned():
    """Name to the requirements that the lock has for it: one, or one for each Python."""
    pins = {}
    for line in lines_of("requirements.lock"):
        if line[0].isalnum():
            requirement = Requirement(line.rstrip(" \\"))
            pins.setdefault(normal(requirement.name), []).append(requirement)
    return pins


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools leaves its build/ beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    copied = ["pyproject.toml", "README.md", "LICENSE", "requirements.txt"]
    copied += ["requirements-dev.txt", "helpers/**/*.py", "helpers/**/*.json", "data/*"]
    for path in (path for pattern in copied for path in ROOT.glob(pattern)):
        target = folder / "src" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    build = ["-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation", "-w", folder]
    subprocess.run([sys.executable, *build, folder / "src"], check=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        yield wheel


class TestRequirements:
    def test_each_is_bounded_and_says_what_it_is_for(self):
        for line in lines_of("requirements.txt"):
            requirement, _, purpose = line.partition("#")
            assert purpose.strip(), f"{line}: what is it for?"
            assert ">=" in requirement, f"{line}: no lower bound"
            assert "<" in requirement, f"{line}: no upper bound"

    @pytest.mark.parametrize("python", PYTHONS)
    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
    def test_the_lock_has_one_accepted_version_of_each_for_every_python(self, pinned, name, python):
        environment = {"python_version": python[:4], "python_full_version": python}
        for wanted in requirements_of(name):
            found = [
                pin
                for pin in pinned[normal(wanted.name)]
                if pin.marker is None or pin.marker.evaluate(environment)
            ]
            assert len(found) == 1, f"{wanted}: {found} on Python {python}"
            (exact,) = found[0].specifier
            assert exact.operator == "=="
            assert wanted.specifier.contains(Version(exact.version)), f"{wanted}: locked {found}"

    def test_every_pin_has_hashes_and_no_address(self):
        text = (ROOT / "requirements.lock").read_text()
        blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
        assert len(blocks) > 100
        assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
        assert not re.search(r"://|file:|--index|--find-links| @ ", text)

    def test_what_is_imported_is_required(self):
        """A package that comes only because another one needs it may go with that one."""
        required = {normal(one.name) for one in requirements_of("requirements.txt")}
        required |= {"ipython", "jupyter-client", "jupyter-core", "nbclient", "jinja2", "joblib"}
        modules = {"sklearn": "scikit-learn", "yaml": "pyyaml", "imblearn": "imbalanced-learn"}
        for path in ROOT.glob("helpers/**/*.py"):
            for name in set(re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.M)):
                known = name in sys.stdlib_module_names or name == "helpers"
                package = normal(modules.get(name, name))
                assert known or package in required, f"{path.name} imports {name}"


class TestMake:
    @pytest.mark.parametrize("target", TARGETS)
    def test_target_is_there_and_does_not_depend_on_a_file(self, target):
        makefile = (ROOT / "Makefile").read_text()
        (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
        assert target in phony.split()
        assert re.search(rf"^{re.escape(target)}:", makefile, re.M)

    def test_help_names_every_target(self):
        done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
        assert [target for target in TARGETS if f"make {target} " not in done.stdout] == []

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            (["PYTHON=no-such-python"], "PYTHON=no-such-python: does not run, lacks venv"),
            (["CANDIDATES=no-such-python"], "No Python 3.11, 3.12 or 3.13 with venv found"),
        ],
    )
    def test_without_a_python_it_says_so_and_touches_nothing(self, settings, message, tmp_path):
        for name in ("Makefile", "requirements.lock", "pyproject.toml"):
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
        command = ["make", "-C", tmp_path, "test", *settings]
        done = subprocess.run(
            command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}
        )
        assert done.returncode == 2
        assert message in done.stderr
        assert not (tmp_path / ".venv").exists()

    def test_ci_runs_the_two_commands_on_the_three_pythons(self):
        workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
        assert 'python: ["3.11", "3.12", "3.13"]' in workflow
        assert re.findall(r"make (\w+) PYTHON", workflow) == ["test", "notebooks"]
        assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "make test"


class TestPackage:
    def test_the_wheel_has_every_module_and_data_file(self, wheel):
        expected = {str(path.relative_to(ROOT)) for path in ROOT.glob("helpers/**/*.py")}
        expected |= {str(path.relative_to(ROOT)) for path in ROOT.glob("helpers/**/*.json")}
        expected |= {f"helpers/data/{path.name}" for path in (ROOT / "data").glob("[!.]*")}
        assert expected <= set(wheel.namelist())

    def test_the_wheel_asks_for_the_requirements(self, wheel):
        (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        metadata = wheel.read(name).decode()
        asked = re.findall(r"^Requires-Dist: ([\w.-]+)", metadata, re.M)
        for wanted in requirements_of("requirements.txt"):
            assert normal(wanted.name) in map(normal, asked)
        assert "Requires-Python: <3.14,>=3.11" in metadata

    def test_the_pythons_are_the_same_everywhere(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        named = re.findall(r"Python :: (3\.\d+)", str(project["classifiers"]))
        assert named == [python[:4] for python in PYTHONS]

    def test_importing_helpers_is_fast_because_it_imports_nothing_heavy(self):
        code = (
            # NumPy comes with joblib, which has to know the backend "lockstep" from the start.
            "import sys, helpers; heavy = {'tensorflow', 'keras', 'sklearn', 'pandas', 'scipy'};"
            "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
