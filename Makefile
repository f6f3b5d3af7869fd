# Two commands do all the set-up: `make demo` and `make test`. See README.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PORT ?= 8000
export UV_NO_PROGRESS ?= 1
unexport PYTHONDONTWRITEBYTECODE  # where it is set, each process compiles all it imports: three seconds a start

help:
	@echo "make demo         install, build the demo, serve it on http://127.0.0.1:$(PORT)"
	@echo "make serve        web and worker on PORT=$(PORT)"
	@echo "make test         install what tests need, run them all"
	@echo "make lint         ruff, mypy, import contracts, types of the ES modules, sizes, stylesheets"
	@echo "make bench        every benchmark, a table each"
	@echo "make screenshots  every page to docs/screenshots/ (git keeps those that the docs show)"
	@echo "make lock         pin the dependencies again"

.venv/bin/uv: requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo "Motherlode needs Python 3.11 or newer: install python3 (Debian/Ubuntu: apt install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: apt install python3-venv"; exit 1; }
	@command -v git >/dev/null || { echo "Motherlode needs git: apt install git"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/ready: .venv/bin/uv requirements/server.txt pyproject.toml sdk/pyproject.toml
	@echo "Installing the server, the SDK and the CLI into .venv/ ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/server.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e sdk -e .
	@touch $@

.venv/ready-dev: .venv/ready requirements/dev.txt
	@echo "Installing what tests and lint need ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

setup: .venv/ready

demo: setup
	@$(BIN)/python manage.py demo --port $(PORT)

serve: setup
	@$(BIN)/python manage.py serve --port $(PORT)

test: .venv/ready-dev
	@bash scripts/test.sh

lint: .venv/ready-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@MOTHERLODE_HOME=$${MOTHERLODE_HOME:-$$(mktemp -d)} $(BIN)/mypy
	@MOTHERLODE_HOME=$${MOTHERLODE_HOME:-$$(mktemp -d)} $(BIN)/python manage.py makemigrations --check --dry-run
	@bash scripts/typecheck.sh
	@$(BIN)/python scripts/sizes.py
	@$(BIN)/python scripts/classes.py

bench: .venv/ready-dev
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

screenshots: .venv/ready-dev
	@$(BIN)/python scripts/screenshots.py

lock: .venv/bin/uv
	@bash scripts/lock.sh

.PHONY: help setup demo serve test lint bench screenshots lock
