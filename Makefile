# Everything a person or CI does here. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
PYTEST_WORKERS ?= 2
export PORT

# --- environment --------------------------------------------------------------------------------

# A changed lock file is newer than its stamp and is installed anew.
$(VENV)/base.stamp: requirements/base.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned packages (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/base.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	@echo "Installing pinned development packages (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

# --- the platform -------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/base.stamp ## Run the whole platform with simulated vendors; Ctrl-C stops it (PORT=8000)
	@exec $(BIN)/python -m casino_platform.runtime.demo

.PHONY: demo-reset
demo-reset: $(VENV)/base.stamp ## Forget everything the demo stored
	@$(BIN)/python -m casino_platform.runtime.reset

.PHONY: books
books: $(VENV)/base.stamp ## Prove the ledger: every invariant, over the whole database
	@$(BIN)/python -m casino_platform.runtime.run $(BIN)/python manage.py check_books --full

.PHONY: bench
bench: $(VENV)/base.stamp ## Measure wallet throughput beside the raw database
	@$(BIN)/python -m benchmarks

.PHONY: shell
shell: $(VENV)/base.stamp ## Open a Django shell on the demo's database
	@$(BIN)/python -m casino_platform.runtime.run $(BIN)/python manage.py shell

# --- quality ------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/dev.stamp ## Run all tests that need no browser
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) 2>&1

.PHONY: test-all
test-all: $(VENV)/dev.stamp ## Run all tests, those in the browser too (Chromium: /usr/bin/chromium or CHROMIUM=path)
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) -m "browser or not browser" 2>&1

.PHONY: browser
browser: $(VENV)/dev.stamp ## Run only the browser tests
	@$(BIN)/python -m pytest -m browser

.PHONY: check
check: lint types contracts migrations deploy-check test-all ## Run what CI runs: format, lint, types, contracts, checks, all tests

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check format and lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code and apply safe lint fixes
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: types
types: $(VENV)/dev.stamp ## Check types
	@$(BIN)/mypy apps casino_platform tests manage.py

.PHONY: contracts
contracts: $(VENV)/dev.stamp ## Check that apps import only from the rows below their own
	@$(BIN)/lint-imports

.PHONY: migrations
migrations: $(VENV)/dev.stamp ## Check that models and migrations agree
	@$(BIN)/python -m casino_platform.runtime.run $(BIN)/python manage.py makemigrations --check --dry-run

.PHONY: deploy-check
deploy-check: $(VENV)/dev.stamp ## Check the production settings with Django's deployment checks
	@$(BIN)/python -m casino_platform.runtime.deploy_check

.PHONY: openapi
openapi: $(VENV)/dev.stamp ## Write the OpenAPI document of the player API anew
	@$(BIN)/python -m casino_platform.runtime.run $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/api/openapi.yaml

.PHONY: lock
lock: $(VENV)/dev.stamp ## Pin all packages anew, with hashes and without index addresses
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/base.in -o requirements/base.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/dev.in -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/bench.in -o requirements/bench.txt

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
