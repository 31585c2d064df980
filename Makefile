# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# 0: the tests of the rigs one after the other; 2: side by side.
RIG_WORKERS ?= 0

.PHONY: help run demo test quick rig check format bench install messages clean
.DEFAULT_GOAL := help

help:  ## What one can do here
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/.run: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run

install: $(VENV)/.dev  ## The virtual environment, with what developers need

run: $(VENV)/.run  ## Open Vangnet (the first time: the set-up)
	@$(BIN)/vangnet

demo: $(VENV)/.run  ## A sample school walks the whole way, in under a minute
	@$(BIN)/vangnet demo

test: $(VENV)/.dev  ## Install what the tests need and run all of them
	@sh tests/rig/install-packages.sh
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not rig"
	$(BIN)/python -m pytest -n $(RIG_WORKERS) --dist loadgroup -m rig

quick: $(VENV)/.dev  ## The fast tests only
	$(BIN)/python -m pytest -n 2 -m "not slow and not rig"

check: $(VENV)/.dev  ## What CI runs: format, lint, types, floors, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: $(VENV)/.dev  ## Put the code in its usual shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(VENV)/.dev  ## Compile the Dutch texts
	$(BIN)/python -m app.i18n.compile

bench: $(VENV)/.dev  ## Time the engine against restic on the same data
	@sh tests/rig/install-packages.sh
	@sh tests/rig/newer-restic.sh
	$(BIN)/python -m tests.bench $(BENCH)

clean:  ## Remove what was installed and compiled here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
