# Everything runs from a fresh clone: Python 3.11+, git and make are all it takes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# a test often waits for a server or a scheduler: four share two cores better than two do
WORKERS := -n 4
SQL := $(shell find sql/views sql/queries sql/models -name "*.sql")

.PHONY: help demo check check-catalogue test cover up down airflow lint types audit format docs fuzz faults bench bench-nation bench-airflow bench-readers bench-peers lock lock-peers lock-outside outside test-bi lock-bi spark test-spark test-spark-golden lock-spark clean

help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

demo: $(VENV)/.installed  ## simulated county systems, a night and a backfill through Airflow, the figures
	@$(BIN)/qiangji demo

check: lint types  ## style, types and the tests that need neither PostgreSQL nor servers: a minute
	@$(BIN)/python -m pytest -n 2 -m "not slow" --hypothesis-profile=quick $(ARGS)

check-catalogue: $(VENV)/.installed-dev  ## catalogue/ and expectations/ after a change, in seconds (once installed): file, key, what to do
	@$(BIN)/qiangji check-catalogue && $(BIN)/python -m pytest -q -n 0 tests/live/test_catalogue.py

test: $(VENV)/.installed-dev  ## all tests
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

cover: $(VENV)/.installed-dev  ## all tests, and which lines of the package they reach: a list, no gate
	@$(BIN)/python -m pytest $(WORKERS) --cov=plugins/qiangji --cov-report=term-missing:skip-covered $(ARGS)

up: $(VENV)/.installed  ## the demonstration, left running: Airflow's pages, the warehouse, the county systems
	@$(BIN)/qiangji demo --keep

down: $(VENV)/.installed  ## stop what `make up` left running
	@$(BIN)/python -m qiangji.local down --home "$${QIANGJI_HOME:-.qiangji}"

airflow: $(VENV)/.installed  ## Airflow's own command line, of what `make up` runs: make airflow ARGS="dags list"
	@$(BIN)/python -m qiangji.local airflow --home "$${QIANGJI_HOME:-.qiangji}" -- $(ARGS)

lint: $(VENV)/.installed-dev $(VENV)/.sql-linted  ## style of Python and SQL, import rules, Airflow's rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-logo

# sqlfluff remembers nothing, so make does: after a change, the files that changed
$(VENV)/.sql-linted: .sqlfluff requirements-dev.lock $(SQL) | $(VENV)/.installed-dev
	@$(BIN)/sqlfluff lint --processes 1 --disable-progress-bar $(if $(filter-out %.sql,$?),$(SQL),$(filter %.sql,$?))
	@touch $@

types: $(VENV)/.installed-dev  ## mypy, strict
	@$(BIN)/mypy

audit: $(VENV)/.installed-dev  ## dependencies: pinned with hashes, none known to be vulnerable
	@$(BIN)/python .ci/audit.py $(ARGS)

format: $(VENV)/.installed-dev  ## put the code into its style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

docs: $(VENV)/.installed  ## write docs/cli.md, docs/dictionary.md, docs/reason-codes.md and bi/superset/assets anew
	@$(BIN)/python -m qiangji.cli.reference
	@$(BIN)/python -m qiangji.warehouse.dictionary
	@$(BIN)/python -m qiangji.parsing.reasons_page
	@$(BIN)/python -m qiangji.exporting.superset

fuzz: $(VENV)/.installed-dev  ## good files changed at random, ten thousand: make fuzz ARGS="--cases 50000 --seed 7"
	@PYTHONPATH=plugins:. $(BIN)/python -m tests.hostile.fuzz $(ARGS)

faults: $(VENV)/.installed-dev  ## kill -9, full disks, cut networks, servers that stop; a table: make faults ARGS="--times 5"
	@PYTHONPATH=plugins:. $(BIN)/python -m tests.faults $(ARGS)

bench: $(VENV)/.installed-dev  ## measure a night; figures go to bench/
	@$(BIN)/python bench/night.py

bench-nation: $(VENV)/.installed-dev  ## a nation's month beside DuckDB and COPY: make bench-nation ARGS="--share 0.1"
	@$(BIN)/python -m bench.national $(ARGS)

bench-airflow: $(VENV)/.installed-dev  ## the nation's month through Airflow, over HTTP: make bench-airflow ARGS="--share 0.1"
	@$(BIN)/python -m bench.national_airflow $(ARGS)

bench-readers: $(VENV)/.installed-dev  ## readers of 24 months of the nation, alone and during a build: make bench-readers ARGS="--share 0.1"
	@$(BIN)/python -m bench.readers $(ARGS)

bench-peers: $(VENV)/.installed-dev bench/peers/.venv/.installed  ## the same month by dlt, dbt, pandas: make bench-peers ARGS="--share 0.01"
	@$(BIN)/python -m bench.peers $(ARGS)

# what people would otherwise pick, in an environment of its own: none of it is the project's
bench/peers/.venv/.installed: bench/peers/requirements.lock
	@echo "installing the peers into bench/peers/.venv ..."
	@$(PYTHON) -m venv --clear bench/peers/.venv
	@bench/peers/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@bench/peers/.venv/bin/python bench/peers/extensions.py
	@touch $@

# a reader of SDMX that is not ours: the tests hold what `qiangji export` writes against it
tests/outside/.venv/.installed: tests/outside/requirements.lock
	@echo "installing pysdmx into tests/outside/.venv ..."
	@$(PYTHON) -m venv --clear tests/outside/.venv
	@tests/outside/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

outside: tests/outside/.venv/.installed  ## programs that are not ours, for the tests that ask them

# Superset, in an environment of its own: its SQLAlchemy and its pandas are not ours
bi/superset/.venv/.installed: bi/superset/requirements.lock
	@echo "installing Superset into bi/superset/.venv ..."
	@$(PYTHON) -m venv --clear bi/superset/.venv
	@bi/superset/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

test-bi: $(VENV)/.installed-dev bi/superset/.venv/.installed  ## Superset's dashboards in a real Superset, each chart's figures held against ours: minutes
	@$(BIN)/python -m pytest -n 0 -q tests/bi/superset.py $(ARGS)

# Spark, beside the packages of the project and in no other target's sight: PYTHONPATH leads to it
$(VENV)/spark/.installed: requirements-spark.lock $(VENV)/.installed
	@echo "installing Spark into $(VENV)/spark: 0.5 GB ..."
	@rm -rf $(VENV)/spark
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation \
		--target $(VENV)/spark -r $<
	@touch $@

spark: $(VENV)/spark/.installed  ## Spark, for its tests and for bench-nation's --spark

ON_SPARK := PYTHONPATH=$(VENV)/spark SPARK_CONF_DIR="$(CURDIR)/tests/spark/conf"

test-spark: $(VENV)/.installed-dev $(VENV)/spark/.installed  ## the models on Spark: each case, a night, two workers (needs Java 17)
	@$(ON_SPARK) $(BIN)/python -m pytest -n 0 tests/spark $(ARGS)

test-spark-golden: $(VENV)/.installed-dev $(VENV)/spark/.installed  ## every golden case on Spark
	@$(ON_SPARK) $(BIN)/python -m pytest -n 0 tests/golden/test_indicators.py --engine spark $(ARGS)

lock:  ## resolve the versions anew into requirements*.lock (needs uv)
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" --extra airflow --group build --group simulator \
		-o requirements.lock
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" --extra airflow --group build --group simulator \
		--group dev -c requirements.lock -o requirements-dev.lock
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" --extra airflow --extra production --group build \
		--group simulator -c requirements.lock -o requirements-production.lock

lock-spark:  ## the same for the extra spark: what it adds to requirements.lock (needs uv)
	echo "pyspark>=4.3,<5" | uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock-spark" -c requirements.lock -o requirements-spark.lock

lock-peers:  ## the same for bench/peers (needs uv)
	uv pip compile -q bench/peers/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-strip-extras --custom-compile-command "make lock-peers" \
		-o bench/peers/requirements.lock

lock-outside:  ## the same for tests/outside (needs uv)
	uv pip compile -q tests/outside/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-strip-extras --custom-compile-command "make lock-outside" \
		-o tests/outside/requirements.lock

lock-bi:  ## the same for bi/superset (needs uv)
	uv pip compile -q bi/superset/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-strip-extras --custom-compile-command "make lock-bi" \
		-o bi/superset/requirements.lock

clean: down  ## remove what the demonstration made (lake, warehouse, logs)
	@$(BIN)/python -c "from qiangji.embedded import EmbeddedPostgres as E; from qiangji.settings import settings; E(settings().home).destroy()"
	@rm -rf "$${QIANGJI_HOME:-.qiangji}"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Qiangji needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing the pinned packages into $(VENV): some minutes, the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "installing the packages for tests into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
