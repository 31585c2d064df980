# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many tests run side by side; 0: one after the other.
WORKERS ?= 2
RIG_WORKERS ?= 0

.PHONY: help run demo test quick check lint types floors packages format bench install messages clean
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

test: $(VENV)/.dev packages  ## Install what the tests need and run all of them
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not rig"
	$(BIN)/python -m pytest -n $(RIG_WORKERS) --dist loadgroup -m rig

quick: $(VENV)/.dev  ## The fast tests only
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not rig"

check: $(VENV)/.dev  ## What CI runs: format, lint, types, floors, tests
	@# What the tests need is fetched meanwhile; no test begins before all of these are good.
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target lint types floors packages
	@$(MAKE) --no-print-directory test

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

floors: $(VENV)/.dev
	$(BIN)/lint-imports

packages:
	@sh tests/rig/install-packages.sh

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
