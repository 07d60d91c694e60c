# One command each. `make test` is the gate; .ci/run calls it and nothing else.
PYTHON ?= python3
# Twice the cores of the smallest machine: half of the tests wait for processes and clocks of
# their own. `make unit WORKERS=0` runs in one process.
WORKERS ?= 4
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(ARGS) pyproject.toml
SOURCES := daemon tests $(wildcard benchmarks)

.PHONY: venv test lint types layers unit format demo bench day mutants interop test-systemd \
	test-container lock clean
.SILENT:

venv: $(STAMP)

# Rebuilt when a lock changes. Everything is pinned by hash, the build backend as well, so the
# editable install needs no network.
$(STAMP): requirements/dev.txt
	echo "building $(VENV)"
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements/dev.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	touch $@

test: lint types layers unit

lint: $(STAMP)
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/ruff format --quiet --check $(SOURCES)

types: $(STAMP)
	$(BIN)/mypy --no-error-summary $(SOURCES)

layers: $(STAMP)
	$(BIN)/lint-imports --no-cache > $(VENV)/layers.txt || { cat $(VENV)/layers.txt; exit 1; }

# A worker that has nothing left takes from another's list: the slow ones stand side by side in it.
unit: $(STAMP)
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

# Rewrites what `lint` complains about, where it can.
format: $(STAMP)
	$(BIN)/ruff check --quiet --fix $(SOURCES) || true
	$(BIN)/ruff format --quiet $(SOURCES)

demo: $(STAMP)
	$(BIN)/filld demo $(ARGS)

bench: $(STAMP)
	$(BIN)/python -m benchmarks $(ARGS)

# One trading day, simulated and then over sockets: every exit, alert and what grew.
day: $(STAMP)
	$(BIN)/filld simulate --day 300
	$(BIN)/python -m benchmarks.day $(ARGS)

# Breaks the code on purpose, one mutant at a time; the simulation must notice each.
mutants: $(STAMP)
	$(BIN)/python -m tests.simulation.mutants $(ARGS)

# Strangers' clients against the paper exchange, in environments of their own below .interop.
# INTEROP_PYTHON= names their Python (3.13), FILLD_SPEC_DIR= the folder of Kalshi's specification;
# `make interop ARGS=--lock` pins the clients anew.
interop: $(STAMP)
	INTEROP_PYTHON="$(INTEROP_PYTHON)" FILLD_SPEC_DIR="$(FILLD_SPEC_DIR)" \
		$(BIN)/python -m tests.interop.run $(ARGS)

# filld.service under a real systemd in a machine of its own; root and systemd-nspawn are needed.
test-systemd: $(STAMP)
	$(BIN)/python -m tests.systemd.boot $(ARGS)

# The image and compose.yaml on a base of Debian packages; root, buildah, podman, runc are needed.
test-container: $(STAMP)
	$(BIN)/python -m tests.container.proof $(ARGS)

# Keeps the pins that stand; `make lock ARGS=--upgrade` moves them.
lock: $(STAMP)
	$(COMPILE) --output-file requirements/runtime.txt
	$(COMPILE) --group dev --extra analysis --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage htmlcov .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find daemon tests $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +
