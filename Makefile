.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
# The program's own home: its database, its sandbox. Nothing else is written.
VAR := var

.PHONY: help install run test check schema migrate bench explorer clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## Install the program into .venv

run: $(VENV)/.installed ## Start the demo world on http://127.0.0.1:8000 (Ctrl-C stops it, the data stays)
	@$(BIN)/husqy-graphql migrate
	@$(BIN)/husqy-graphql explorer install
	@$(BIN)/husqy-graphql demo
	@exec $(BIN)/husqy-graphql serve

test: $(VENV)/.installed-dev ## Run the tests (on SQLite; on PostgreSQL with HUSQY_TEST_POSTGRES_URL)
	$(BIN)/pytest -n auto -q $(ARGS)

check: $(VENV)/.installed-dev ## Run every other check: style, types, imports, schema, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/husqy-graphql schema --check
	$(BIN)/husqy-graphql migrate --check

schema: $(VENV)/.installed ## Write schema.graphql anew
	$(BIN)/husqy-graphql schema --write

migrate: $(VENV)/.installed ## Bring the database to the newest schema
	$(BIN)/husqy-graphql migrate

bench: $(VENV)/.installed-dev ## Measure what the engine costs (see benchmarks/README.md)
	$(BIN)/python benchmarks/documents.py

clean: ## Remove the virtual environment and the demo world
	rm -rf $(VENV) $(VAR)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
