# Each target sets up .venv by itself. PYTHON=python3.13 chooses the interpreter; without it
# an existing .venv is kept, and a new one takes the first of CANDIDATES that works.

CANDIDATES := python3.13 python3.12 python3.11 python3
UV := uv==0.13.9
ARGS :=

RUN := .venv/bin/python
PIP := -m pip --disable-pip-version-check --no-input -qq
# "Works" is more than being there: pyenv leaves commands that do not run, Debian splits off venv.
WORKS := 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
# What .venv was made from. It is written last: a set-up that was interrupted has none.
STAMP := .venv/made-from

.PHONY: help notebooks lab test bench bench-diagnosis nightly readme lock clean .venv

help:
	@echo 'make notebooks   execute every notebook; results in build/ (ARGS="01 --profile ci")'
	@echo 'make lab         JupyterLab on notebooks/'
	@echo 'make test        the whole test suite (ARGS="-k claims")'
	@echo 'make bench       the speed of searches; results in build/bench/ (ARGS="mlp-20 --repeats 1")'
	@echo 'make bench-diagnosis'
	@echo '                 how good the diagnosis is; in build/bench-diagnosis/ (ARGS="state --timeout 60")'
	@echo 'make nightly     the properties of a fit, 200 examples each: about an hour (ARGS="-k clone")'
	@echo 'make readme      put the claims of build/ into the README'
	@echo 'make .venv       the environment alone, from requirements.lock'
	@echo 'make lock        renew requirements.lock'
	@echo 'make clean       remove .venv, build/ and caches'
	@echo 'PYTHON=python3.13 with any of them chooses the interpreter'

notebooks: .venv
	@$(RUN) -m helpers run $(ARGS)

# Kernels of .venv go before those registered for the user or the machine. JupyterLab asks nobody
# whether to fetch news, and fetches none.
QUIET := {"@jupyterlab/apputils-extension:notification": \
    {"checkForUpdates": false, "fetchNews": "false"}}
lab: .venv
	@mkdir -p .venv/share/jupyter/lab/settings
	@echo '$(QUIET)' > .venv/share/jupyter/lab/settings/overrides.json
	@JUPYTER_PREFER_ENV_PATH=1 $(RUN) -m jupyterlab notebooks $(ARGS)

# On two cores, a file of tests in one process each: they share fitted searches and executed notebooks.
test: .venv
	@$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv
	@$(RUN) -m tests.benchmarks $(ARGS)

bench-diagnosis: .venv
	@$(RUN) -m tests.benchmarks.diagnosis $(ARGS)

nightly: .venv
	@$(RUN) -m pytest tests/test_purity.py tests/test_randomness.py tests/test_rows.py \
	    tests/test_cache.py tests/test_resuming.py \
	    --hypothesis-profile=nightly --timeout=0 $(ARGS)

readme: .venv
	@$(RUN) -m helpers readme $(ARGS)

.venv:
	@set -eu; \
	identity() { \
	    "$$1" -c 'import os, sys; print(sys.version, os.path.realpath(sys.base_prefix))'; \
	    pwd; \
	    cat requirements.lock pyproject.toml | cksum; \
	}; \
	works() { "$$1" -c $(WORKS) >/dev/null 2>&1; }; \
	made_from() { identity "$$1" 2>/dev/null | cmp -s - $(STAMP); }; \
	python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
	    if works $(RUN) && made_from $(RUN); then exit 0; fi; \
	    for candidate in $(CANDIDATES); do \
	        if works "$$candidate"; then python=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo 'No Python 3.11, 3.12 or 3.13 with venv found (tried $(CANDIDATES)).' >&2; \
	        echo 'Install one, or name it: make $(or $(MAKECMDGOALS),.venv) PYTHON=/path/to/python3' >&2; \
	        exit 1; \
	    fi; \
	elif ! works "$$python"; then \
	    echo "PYTHON=$$python: does not run, lacks venv, or is not Python 3.11, 3.12 or 3.13." >&2; \
	    exit 1; \
	elif works $(RUN) && made_from "$$python"; then \
	    exit 0; \
	fi; \
	echo "Setting up .venv with $$python, from requirements.lock (takes some minutes) ..."; \
	rm -rf .venv; \
	"$$python" -m venv .venv; \
	$(RUN) $(PIP) install --require-hashes -r requirements.lock; \
	$(RUN) $(PIP) install --no-deps --no-build-isolation -e .; \
	identity $(RUN) > $(STAMP).new; \
	mv $(STAMP).new $(STAMP)

# --universal: one file for all three Pythons. The uv that resolves is gone again afterwards.
lock:
	@set -eu; \
	for python in $(PYTHON) $(CANDIDATES); do \
	    if "$$python" -c $(WORKS) >/dev/null 2>&1; then break; fi; \
	done; \
	folder=$$(mktemp -d); \
	trap 'rm -rf "$$folder"' EXIT INT TERM; \
	"$$python" -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" $(PIP) install $(UV); \
	"$$folder/venv/bin/uv" pip compile --quiet --no-config --universal --generate-hashes \
	    --python-version 3.11 --upgrade --no-emit-index-url --no-emit-find-links \
	    --default-index https://pypi.org/simple --custom-compile-command 'make lock' \
	    requirements.txt requirements-dev.txt --output-file "$$folder/requirements.lock"; \
	mv "$$folder/requirements.lock" requirements.lock; \
	echo 'Renewed requirements.lock.'

clean:
	@rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
