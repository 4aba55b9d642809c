# `make` alone lists the targets. Settings come from the environment or `.env` (see .env.example).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
export VENV ?= .venv
python := $(VENV)/bin/python
pip_install := $(python) -m pip install --quiet --disable-pip-version-check --require-hashes
# --no-config and the unset variables keep this machine's package sources out of the locks.
lock := env -u UV_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS -u PIP_FIND_LINKS $(VENV)/bin/uv pip compile \
	--no-config --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" pyproject.toml

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 13

.PHONY: run
run: $(VENV)/.base assets .env ## Set up the database and serve on 127.0.0.1:8000 (PORT selects another port)
	@if $(python) -c 'import environ, os, sys; environ.Env.read_env(".env"); url = os.environ.get("DATABASE_URL") or os.environ.get("DB_NAME") and "mysql:"; sys.exit(not (url or "").startswith("mysql:"))'; \
		then $(MAKE) --no-print-directory $(VENV)/.mysql; fi
	@$(python) manage.py setup_database
	@exec $(python) manage.py serve

.PHONY: test
test: $(VENV)/.dev ## Run the whole suite on SQLite + memory, then on MariaDB + Redis (PYTEST_ARGS)
	@scripts/test.sh

.PHONY: test-failures
test-failures: $(VENV)/.dev ## Break what the server depends on, also what takes too long for `make test` (PYTEST_ARGS)
	@scripts/prepare-servers.sh
	@DEBUG=true WEB_WORKERS=1 FAILURES=all END_MOMENTS="$$(LC_ALL=C seq -s ' ' 0 0.5 8)" $(python) -m tests.servers -- $(python) -m pytest tests/failures tests/chaos tests/serving tests/live_updates/test_unread.py $(PYTEST_ARGS)

.PHONY: test-cluster
test-cluster: $(VENV)/.dev ## Run servers on Galera, on a primary with a replica, and Redis with Sentinel, and let them fail: minutes (PYTEST_ARGS)
	@scripts/test-cluster.sh

.PHONY: fuzz
fuzz: $(VENV)/.dev ## Random documents and requests: compare, keep owners apart, bound memory (FUZZ_*, see scripts/fuzz.sh)
	@scripts/fuzz.sh

.PHONY: mutants
mutants: $(VENV)/.dev ## Find changes of the domain's code that no test notices: an hour (MUTANTS_PATHS, MUTANTS_ARGS)
	@$(python) -m tests.mutants $(MUTANTS_ARGS) $(MUTANTS_PATHS)

.PHONY: drill
drill: $(VENV)/.dev ## Dump under load, restore on an empty server, prove what came back: 2 minutes (DRILL_ARGS)
	@scripts/prepare-servers.sh
	@$(python) -m tests.drill $(DRILL_ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Run all static and drift checks (CHECKS selects some, see scripts/lint.sh)
	@scripts/lint.sh $(CHECKS)

# The peers' packages, wrk, and the servers.
bench_tools = $(VENV)/.base $(VENV)/.bench
BENCH_ARGS ?=

.PHONY: bench
bench: $(bench_tools) ## Measure the server against its peers, into benchmarks/RESULTS.md: half an hour (BENCH_ARGS)
	@$(python) -m benchmarks.harness $(BENCH_ARGS)

.PHONY: bench-quick
bench-quick: $(bench_tools) ## The same in some 10 minutes, into build/bench-quick
	@$(python) -m benchmarks.harness --quick $(BENCH_ARGS)

.PHONY: bench-smoke
bench-smoke: $(bench_tools) ## Check in 2 minutes that server and peers answer correctly; proves no timing
	@$(python) -m benchmarks.harness --smoke $(BENCH_ARGS)

.PHONY: bench-flat
bench-flat: $(bench_tools) ## Ask every list that the schema offers of a million rows, into benchmarks/FLAT.md: 7 minutes (BENCH_ARGS)
	@$(python) -m benchmarks.flat $(BENCH_ARGS)

.PHONY: schema
schema: $(VENV)/.dev ## Print the GraphQL schema to graphql_api/schema.graphql
	@$(python) manage.py export_schema graphql_api.schema:schema --path graphql_api/schema.graphql

.PHONY: assets
assets: ## Build GraphiQL from its npm package, if npm is installed
	@if [ ! -f graphql_api/playground/build.sh ]; then :; \
	elif ! command -v npm >/dev/null; then echo "npm is missing: GraphiQL was not built, and /graphql/ says so to browsers."; \
	elif ! bash graphql_api/playground/build.sh; then echo "GraphiQL was not built, and /graphql/ says so to browsers."; fi

.PHONY: lock
lock: $(VENV)/.dev ## Lock the requirements again (LOCK_ARGS=--upgrade for newer versions)
	$(lock) --output-file requirements/base.txt $(LOCK_ARGS) >/dev/null
	$(lock) --output-file requirements/mysql.txt $(LOCK_ARGS) --extra mysql --constraint requirements/base.txt >/dev/null
	$(lock) --output-file requirements/dev.txt $(LOCK_ARGS) --group dev --constraint requirements/base.txt >/dev/null
	$(lock) --output-file requirements/bench.txt $(LOCK_ARGS) --group bench --constraint requirements/base.txt --constraint requirements/mysql.txt >/dev/null

.PHONY: clean
clean: ## Remove build results; keeps .env and the SQLite database
	rm -rf $(VENV) build dist *.egg-info graphql_api/static/graphql_api graphql_api/playground/node_modules
	rm -rf .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each checkout gets its own secret: with DEBUG off, the server refuses to start with a known one.
.env: | $(VENV)/.base
	@$(python) -c 'import secrets; print("# Made by `make run` for local use; .env.example has all settings.\nDEBUG=true\nSECRET_KEY=" + secrets.token_urlsafe(50))' > $@
	@chmod 600 $@

# When a lock has changed, its stamp in the environment is older, and pip runs again.
$(VENV)/.base: requirements/base.txt | $(VENV)/bin/pip
	@echo "Installing $<"
	@$(pip_install) -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/pip
	@echo "Installing $<"
	@$(pip_install) -r $<
	@touch $@

$(VENV)/.mysql: requirements/mysql.txt | $(VENV)/bin/pip
	@echo "Installing $<"
	@$(pip_install) -r $< || { echo "mysqlclient compiles: on Debian it needs gcc libmariadb-dev pkg-config python3-dev." >&2; exit 1; }
	@touch $@

$(VENV)/.bench: requirements/bench.txt | $(VENV)/bin/pip
	@echo "Installing $<"
	@scripts/prepare-servers.sh
	@command -v wrk >/dev/null || scripts/system-packages.sh wrk
	@$(pip_install) -r $<
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: PYTHON=python3.x make ...")'
	@$(PYTHON) -m venv $(VENV) || { scripts/system-packages.sh python3-venv && $(PYTHON) -m venv --clear $(VENV); }
