.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
# The program's own home: its database, its sandbox. Nothing else is written.
VAR := var

# The npm packages that the tests in tests/node run, pinned here alone.
NODE_CLIENTS := graphql@16.15.0 graphql-http@1.23.1 graphql-sse@2.6.1 graphql-ws@6.4.2 ws@8.23.0

.PHONY: help install run test check schema migrate bench explorer node-clients browser clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

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

node-clients: $(VENV)/node/.installed ## Fetch the npm clients for tests/node (then HUSQY_TEST_NODE=.venv/node make test)

browser: $(VENV)/.installed-browser ## Fetch what tests/browser needs, but for Chromium itself

bench: $(VENV)/.installed-dev ## Measure what documents and triggers cost (see benchmarks/README.md)
	$(BIN)/python benchmarks/documents.py
	$(BIN)/python benchmarks/matching.py

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

# Playwright drives the Chromium of the system: its own browsers are not downloaded.
$(VENV)/.installed-browser: $(VENV)/.installed-dev
	$(PIP) install --quiet --constraint constraints.txt playwright
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/husqy-graphql explorer install
	@touch $@

$(VENV)/node/.installed: Makefile
	@mkdir -p $(@D)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(@D) $(NODE_CLIENTS)
	@touch $@
