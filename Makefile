# Few verbs. Everything they need is installed into .venv and .cache, below this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHONUNBUFFERED := 1

.PHONY: help install toolchains web web-dev run doctor test test-web faults load engines engines-up engines-down check k8s-check fmt protos lock bench clean

help: ## Show what can be done
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Install Chatly and its tools into .venv (the others do it by themselves)
	@scripts/install.sh

toolchains: install ## Find or install what tests need beside Python: Go, Node, Java and Chromium
	@scripts/toolchains.sh

web: install ## Build the web client into web/dist
	@scripts/web.sh

web-dev: install ## Serve the web client with hot reload against the running mesh: http://localhost:5173
	@scripts/web.sh deps
	@. .cache/toolchains.env && exec npm --prefix web run dev

run: install $(if $(filter real,$(ENGINES)),engines-up) ## Start the whole mesh: http://localhost:8080 (ENGINES=real: on Kafka, Cassandra, Redis, S3)
	@scripts/web.sh || echo "The web client could not be built: the mesh runs without it." >&2
	@$(if $(filter real,$(ENGINES)),eval "$$(.venv/bin/python -m engines env)" &&) exec .venv/bin/chatly run

doctor: install ## Say what is broken here and how to mend it
	@.venv/bin/chatly doctor

test: install toolchains engines web ## Run every test, on two cores (TESTS=tests/web, ARGS="-k name": some, one after the other)
	@. .cache/toolchains.env && .venv/bin/pytest $(if $(TESTS)$(ARGS),,-n 2) $(or $(TESTS),tests) $(ARGS)

test-web: install toolchains web ## Run the tests of the web client alone: Vitest, and a real Chromium
	@. .cache/toolchains.env && .venv/bin/pytest tests/web $(ARGS)

faults: engines ## Kill, stop and cut off parts of a fleet while people talk, and judge it (MODE=long SEED=7 MINUTES=20)
	@. .cache/toolchains.env && exec .venv/bin/python -m tests.faults --mode $(or $(MODE),short) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

load: engines ## Put load on meshes, up to their limits, and say what came of the promises (ARGS="storm flood", ARGS=--small)
	@. .cache/toolchains.env && exec .venv/bin/python -m tests.load $(ARGS)

engines: install toolchains ## Install Kafka, Cassandra, Redis and an S3 server, without Docker
	@scripts/engines.sh

engines-up: engines ## Start them on this machine (ENGINES_NODES=3: clusters of three; ENGINES_SECURED=1: by TLS, with users)
	@. .cache/toolchains.env && .venv/bin/python -m engines up

engines-down: install ## Stop them; their data stays in .cache/engines/data
	@.venv/bin/python -m engines down

check: install ## Check style, types, imports, protos, stubs and file sizes
	@scripts/check.sh

k8s-check: install ## Render both Kubernetes overlays, and validate every resource strictly
	@scripts/toolchains.sh go kustomize
	@. .cache/toolchains.env && .venv/bin/pytest tests/unit/deploy/test_kubernetes.py

fmt: install ## Format the code and the protos
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@.venv/bin/buf format --write protos

protos: install ## Build the Python stubs and the descriptor set from protos/
	@scripts/protos.sh

lock: install ## Choose the newest allowed versions anew and write requirements.lock
	@.venv/bin/uv lock --upgrade
	@.venv/bin/uv export --quiet --all-extras --all-groups --no-emit-project --format requirements.txt -o requirements.lock

bench: install toolchains engines ## Measure speed and memory beside others, as ratios (ARGS=--quick: a look in minutes)
	@scripts/toolchains.sh chromium
	@. .cache/toolchains.env && .venv/bin/python -m bench $(ARGS)

clean: ## Remove what was installed and built here (your data in .data stays)
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
