# Every target installs what it needs into .venv and .cache below this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHONUNBUFFERED := 1

.PHONY: help install toolchains web web-dev run doctor unit test test-web faults load attacks drills engines engines-up engines-down check k8s-check fmt protos lock bench clean

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Install Chatly and its tools into .venv (all other targets do this first)
	@scripts/install.sh

toolchains: install ## Find or install Go, Node, Java, kustomize, Chromium and conformance clients for the tests
	@scripts/toolchains.sh

web: install ## Build the web client into web/dist
	@scripts/web.sh

web-dev: install ## Serve the web client with hot reload on http://localhost:5173, for a mesh that is running
	@scripts/web.sh deps
	@. .cache/toolchains.env && exec npm --prefix web run dev

run: install $(if $(filter real,$(ENGINES)),engines-up) ## Start the mesh on http://localhost:8080 (ENGINES=real: with Kafka, Cassandra, Redis and S3)
	@scripts/web.sh || echo "The web client could not be built. The mesh starts without it." >&2
	@$(if $(filter real,$(ENGINES)),eval "$$(.venv/bin/python -m engines env)" &&) exec .venv/bin/chatly run

doctor: install ## Report what is wrong with this machine or its settings, and how to fix it
	@.venv/bin/chatly doctor

unit: install ## Run the unit tests: no engines, no toolchains, under a minute (ARGS="-k name": only some)
	@.venv/bin/pytest -q -n 2 -m "not engines and not toolchain" tests/unit tests/architecture $(ARGS)

test: install $(if $(TESTS)$(ARGS),,toolchains engines web) ## Run all tests (TESTS=tests/rpc ARGS="-k name": some, after installing only what they need)
	@$(if $(TESTS)$(ARGS),scripts/prepare_tests.sh $(TESTS) $(ARGS))
	@. .cache/toolchains.env && .venv/bin/pytest $(if $(TESTS)$(ARGS),,-n 2) $(or $(TESTS),tests) $(ARGS)

test-web: install ## Run the web client's tests: Vitest, and the built client in Chromium
	@scripts/prepare_tests.sh tests/web $(ARGS)
	@. .cache/toolchains.env && .venv/bin/pytest tests/web $(ARGS)

faults: engines ## Kill processes, lose the log, shift clocks … under load, and check every promise (MODE=long SEED=7 MINUTES=20 ARGS="--only clock")
	@. .cache/toolchains.env && exec .venv/bin/python -m tests.faults --mode $(or $(MODE),short) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

load: engines ## Drive meshes to their limits, and check every promise (ARGS="storm flood": two scenarios; ARGS=--small)
	@. .cache/toolchains.env && exec .venv/bin/python -m tests.load $(ARGS)

attacks: install ## Attack an embedded mesh while others use it, and print what held (ARGS="empty_parts": one attack)
	@.venv/bin/python -m tests.attacks $(ARGS)

drills: engines ## Lose data of real engines under load, and restore it with the runbook (ARGS="wiped-kafka": one drill)
	@. .cache/toolchains.env && exec .venv/bin/python -m tests.drills $(ARGS)

engines: install ## Install Kafka, Cassandra, Redis and an S3 server, without Docker
	@scripts/toolchains.sh go java
	@scripts/engines.sh

engines-up: engines ## Start the engines on this machine (ENGINES_NODES=3: clusters of three; ENGINES_SECURED=1: TLS and passwords)
	@. .cache/toolchains.env && .venv/bin/python -m engines up

engines-down: install ## Stop the engines; their data stays in .cache/engines/data
	@.venv/bin/python -m engines down

check: install ## Check style, types, imports, protos, generated code, file sizes and language
	@scripts/check.sh

k8s-check: install ## Render both Kubernetes overlays and validate every resource
	@scripts/toolchains.sh go kustomize
	@. .cache/toolchains.env && .venv/bin/pytest tests/unit/deploy/test_kubernetes.py

fmt: install ## Format the Python code and the protos
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@.venv/bin/buf format --write protos

protos: install ## Generate the Python stubs and the descriptor set from protos/
	@scripts/protos.sh

lock: install ## Update requirements.lock to the newest versions that pyproject.toml allows
	@.venv/bin/uv lock --upgrade
	@.venv/bin/uv export --quiet --all-extras --all-groups --no-emit-project --format requirements.txt -o requirements.lock

bench: install toolchains engines ## Measure speed and memory next to other systems, as ratios (ARGS=--quick: a few minutes)
	@scripts/toolchains.sh chromium
	@. .cache/toolchains.env && .venv/bin/python -m bench $(ARGS)

clean: ## Delete everything installed or built here (your data in .data stays)
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
