# What everybody runs. Set-up is part of each command; nothing has to be installed by hand.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
# pytest workers: each starts a private RabbitMQ node of its own
JOBS ?= 2
# how long `make fuzz` runs each target
FUZZ_SECONDS ?= 60
# arguments of `make mutation`, such as --sample 40
MUTATION ?=

.PHONY: help demo test lint bench fault fuzz mutation coverage docs setup system test-system bench-system lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## three agencies exchange signed documents over a private RabbitMQ on this machine
	@$(BIN)/connector demo --directory var/demo

test: test-system setup lint ## lint, types and every test, real RabbitMQ included
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -q

lint: setup ## style, types, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: bench-system setup ## documents per second next to a naive script, in one run; var/bench/report.json
	@$(BIN)/python -m tests.perf.bench

fault: test-system setup ## kills, power cuts, faults of the world (about 90 minutes); var/fault/report.json
	@$(BIN)/python -m tests.fault.run $(FAULT)

fuzz: setup ## mutated packets against reader and verifier, FUZZ_SECONDS (60) each; var/fuzz/
	@$(BIN)/python -m tests.fuzz.seeds var/fuzz/seeds
	@for target in reader verify ways; do \
		mkdir -p var/fuzz/$$target && \
		$(BIN)/python -m tests.fuzz.fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -timeout=20 \
			-rss_limit_mb=2000 -max_len=65536 -print_final_stats=1 -dict=var/fuzz/tokens.dict \
			-artifact_prefix=var/fuzz/$$target- var/fuzz/$$target var/fuzz/seeds || exit 1; \
	done

mutation: setup ## do the tests notice changes of the verifier? var/mutation/report.json
	@$(BIN)/python -m tests.mutation.runner $(MUTATION)

coverage: test-system setup ## branch coverage of signatures and packets, at least 95 %
	@$(BIN)/pytest -q -n $(JOBS) --dist loadfile tests/unit/trust tests/unit/edxml tests/corpus \
		tests/interop tests/golden tests/property tests/integration/trust \
		--cov=connector.trust --cov=connector.edxml --cov-branch \
		--cov-report=term-missing:skip-covered --cov-fail-under=95

docs: setup ## write the generated reference pages and schemas
	@$(BIN)/python -m docs.generate

setup: system ## the virtual environment and the Debian packages, if missing
	@deploy/setup/venv.sh

system:
	@deploy/setup/install-system.sh

test-system:
	@deploy/setup/install-system.sh test

bench-system:
	@deploy/setup/install-system.sh bench

lock: setup ## resolve the lock files anew (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes -q -o requirements-dev.lock
	@uv pip compile pyproject.toml --extra dbf --extra demo --extra hsm --extra mysql --extra postgres --universal --python-version 3.11 --generate-hashes -q -o requirements.lock

clean: ## remove what make made, except the virtual environment
	@rm -rf var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
