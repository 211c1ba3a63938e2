# The commands of storestream. `make` alone prints this help.
.DEFAULT_GOAL := help
.PHONY: help demo up test check fmt chaos bench lock clean

PY := .venv/bin/python
STORESTREAM := .venv/bin/storestream
# Two processes, each with servers of its own, a file's tests together. By default files of few tests come last, and
# those of tests/e2e are few and long.
TWO := -n 2 --dist loadfile --no-loadscope-reorder

help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "; print "storestream: what you can make\n"} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.run ## Run a shop's days through the whole pipeline and report what came out
	@$(STORESTREAM) demo

up: .venv/.run ## Start everything and keep it running until Ctrl-C
	@$(STORESTREAM) up

test: .venv/.test ## Pass every test: checks, unit, property, contract, integration, end to end
	@$(MAKE) --no-print-directory check
	@$(PY) -m pytest $(TWO) -m "integration or e2e"

check: .venv/.test ## Format, lint, types, import rules and the fast tests
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache
	@$(PY) -m pytest $(TWO) -m "not integration and not e2e"

fmt: .venv/.test ## Format the code and apply the safe lint fixes
	@$(PY) -m ruff check --fix --exit-zero .
	@$(PY) -m ruff format .

chaos: .venv/.test ## Kill and join workers under load on real Kafka, with and without our corrections to Faust; kill forward and catalog
	@$(PY) -m tests.chaos
	@$(PY) -m tests.chaos.conversions --events 5000 --kills 3
	@$(PY) -m tests.chaos.catalogs --products 5000 --batch 500

bench: .venv/.test ## Measure speed and memory beside bare loops in the same run
	@$(PY) -m tests.benchmarks

lock: ## Write requirements/*.txt anew from pyproject.toml
	@deploy/lock.sh

clean: ## Remove the virtual environment and the local servers' files
	@rm -rf .venv .storestream

.venv/.run: deploy/setup.sh requirements/run.txt pyproject.toml
	@deploy/setup.sh run

.venv/.test: deploy/setup.sh requirements/test.txt pyproject.toml
	@deploy/setup.sh test
