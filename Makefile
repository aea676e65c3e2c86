# What everybody runs. Set-up is part of each command; nothing has to be installed by hand.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
# pytest workers: each starts a private RabbitMQ node of its own
JOBS ?= 2

.PHONY: help demo test lint bench docs setup system test-system lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## three agencies exchange signed documents over a private RabbitMQ on this machine
	@$(BIN)/connector demo --directory var/demo

test: test-system setup lint ## lint, types and every test, real RabbitMQ included
	@$(BIN)/pytest -n $(JOBS) --dist loadfile -q

lint: setup ## style, types, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: test-system setup ## documents per second next to a naive script, in one run; var/bench/report.json
	@$(BIN)/python -m tests.perf.bench

docs: setup ## write the generated reference pages and schemas
	@$(BIN)/python -m docs.generate

setup: system ## the virtual environment and the Debian packages, if missing
	@deploy/setup/venv.sh

system:
	@deploy/setup/install-system.sh

test-system:
	@deploy/setup/install-system.sh test

lock: setup ## resolve the lock files anew (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes -q -o requirements-dev.lock
	@uv pip compile pyproject.toml --extra dbf --extra demo --extra hsm --extra postgres --universal --python-version 3.11 --generate-hashes -q -o requirements.lock

clean: ## remove what make made, except the virtual environment
	@rm -rf var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
