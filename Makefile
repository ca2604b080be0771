# Every target sets up what it needs; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/retrain-operator
STATE := $(or $(XDG_STATE_HOME),$(HOME)/.local/state)/retrain-operator
UV_VERSION := 0.13.9
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
RUN := .venv/bin/python -m
MLSERVER_LOCK := tests/mlserver/requirements.txt

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; python3 is $$(python3 -V)"; exit 1; }
	python3 -m venv $(CACHE)/uv-$(UV_VERSION)
	$(CACHE)/uv-$(UV_VERSION)/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: pyproject.toml uv.lock | $(UV)
	$(UV) sync --quiet --frozen --all-extras --compile-bytecode
	@touch $@

.PHONY: setup
setup: .venv/.synced ## Make the virtual environment of the committed lock

.PHONY: fmt
fmt: setup ## Format the code
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

.PHONY: lint
lint: setup ## Check style, types and the arrows between layers
	.venv/bin/ruff format --check . && .venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

.PHONY: crds
crds: setup ## Print the CRDs and docs/policy.md from the models
	$(RUN) retrain_operator.crd crds
	$(RUN) tests.house.policy_page docs/policy.md

.PHONY: cluster
cluster: setup ## Start the kind cluster for tests and demo
	@$(RUN) tests.cluster up

.PHONY: cluster-down
cluster-down: setup ## Remove the cluster that `make cluster` made
	@$(RUN) tests.cluster down

.PHONY: images
images: setup ## Build the images and load them into the cluster
	@$(RUN) tests.cluster images

.PHONY: push
push: images ## Push both images: make push REGISTRY=registry.example.com/team TAG=0.1.0
	@test -n "$(REGISTRY)" -a -n "$(TAG)" || { echo "Name the registry and the tag: make push REGISTRY=registry.example.com/team TAG=0.1.0"; exit 1; }
	@eval "$$($(RUN) tests.cluster env)"; for image in operator trainer; do \
		reference=$$(sed -n "s/^$${image^^}_IMAGE=//p" "$(STATE)/images.env"); \
		docker tag "$$reference" "$(REGISTRY)/retrain-$$image:$(TAG)"; \
		docker push "$(REGISTRY)/retrain-$$image:$(TAG)"; \
	done

.PHONY: test-unit
test-unit: setup ## Run the tests that need no cluster
	.venv/bin/pytest -m "not cluster and not mlserver" -n 2

# MLServer 1.7 wants an environment of its own, with Python before 3.13.
.PHONY: test-mlserver
test-mlserver: setup ## Serve versions with the real MLServer
	@environment=$(CACHE)/mlserver-$$(sha256sum < $(MLSERVER_LOCK) | head -c 12); \
	$(UV) venv --quiet --allow-existing --python ">=3.11,<3.13" $$environment; \
	$(UV) pip sync --quiet --require-hashes --python $$environment $(MLSERVER_LOCK); \
	MLSERVER=$$environment .venv/bin/pytest -m mlserver tests/mlserver

.PHONY: lock-mlserver
lock-mlserver: setup ## Lock MLServer with our versions of all that it shares with us
	$(UV) export --quiet --frozen --extra trainer --no-dev --no-emit-project --no-hashes --no-header --no-annotate \
	| $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command "make lock-mlserver" --constraints /dev/stdin tests/mlserver/requirements.in -o $(MLSERVER_LOCK)

.PHONY: test
test: lint test-unit images ## Run every test but those of test-mlserver, from nothing
	.venv/bin/pytest -m cluster --ignore tests/e2e
	.venv/bin/pytest tests/e2e -n 4

.PHONY: demo
demo: images ## Watch real drift being healed on real Kubernetes
	@$(RUN) tests.demo

.PHONY: bench-overhead
bench-overhead: images ## Measure what the operator adds to the same work done by kubectl
	@$(RUN) tests.bench.overhead

.PHONY: bench-backtest
bench-backtest: setup ## Measure how long backtest takes for a month of four triggers
	@$(RUN) tests.bench.backtest

.PHONY: bench-server
bench-server: setup ## Measure what the reference server predicts a second on one core
	@$(RUN) tests.bench.server

.PHONY: bench-trainer
bench-trainer: setup ## Measure the steps' rows a CPU-second without imports beside a bare loop, and their memory
	@$(RUN) tests.bench.trainer

.PHONY: bench-gate
bench-gate: setup ## Replay 134 real weeks through the default gate (MODE=--refit: another model)
	@OMP_NUM_THREADS=1 $(RUN) tests.bench.gate $(MODE)
