# The front door. Every target works on a fresh clone; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench soak fuzz lock clean
PYTEST = .venv/bin/python -m pytest

help: ## this list
	@awk -F ':[^#]*## ' '/^[a-z]+:[^#]*## / { printf "%-9s %s\n", $$1, $$2 }' Makefile

setup: ## build .venv with the tocsin command in it (instant when nothing changed)
	@deploy/setup/venv.sh

demo: setup ## the whole way, from an alert to texts on phones and back, on this machine
	@.venv/bin/tocsin demo

test: setup ## every test, long ones in their short version; ARGS="-k name" chooses
	@deploy/setup/prometheus.sh
	@deploy/setup/postgres.sh
	@$(PYTEST) -m "not bench" $(ARGS)

lint: setup ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet . || { echo "lint: not formatted; type: make format" >&2; exit 1; }
	@.venv/bin/mypy

format: setup ## format the code and mend what ruff can mend safely
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --fix-only --quiet .

bench: setup ## measure, beside yardsticks; wants a quiet machine
	@$(PYTEST) -m bench -s $(ARGS)

soak: setup ## two hours of mixed load with faults, and a plot of it; ARGS="--minutes 20" for less
	@.venv/bin/python -m tests.soak $(ARGS)

fuzz: setup ## broken alerts through every parser and gate; ARGS="--inputs 1000000 --seed 2" for more
	@.venv/bin/python -m tests.fuzz $(ARGS)

lock: setup ## write deploy/setup/requirements*.txt anew from pyproject.toml, and the image's list of packages (SBOM)
	@deploy/setup/lock.sh $(ARGS)

clean: ## remove what setup and the tools made; data of a run is not touched
	rm -rf .venv *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
