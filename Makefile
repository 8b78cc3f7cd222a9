# One word for each habit; `make help` lists them. Everything that is needed is set up by
# the targets themselves: a virtualenv, a Docker engine if there is none, the sandbox image.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# What the service is compared with has dependencies that nothing else here needs.
BENCH := .venv-bench
BENCH_STAMP := $(BENCH)/.installed
# So has the S3 server that tests run beside our own.
MOTO := .venv-moto
MOTO_STAMP := $(MOTO)/.installed
# A worker waits for containers and servers much of its time: three keep two cores busy.
WORKERS ?= 3
# Each file's tests run in one worker, which starts what they share once. Files keep the order of
# collection, in which the shortest (tests/unit) come last.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Of `make soak`.
SECONDS ?= 1800
# Of `make day`.
DAYS ?= 5
# Of `make reliability`.
KILLS ?= 300
KILL_SEED ?= 1
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# Of `make corpus`: the default image, and the one with the newest versions.
CORPUS_IMAGES ?= $(addprefix cellblock-sandbox:,$(VERSION) $(VERSION)-newest)

# Durations of the tests of the last `make test`.
RESULTS := build/tests

.DEFAULT_GOAL := help
.PHONY: help demo test corpus judges model soak day reliability test-gvisor runsc test-postgresql test-s3 test-fast bench bench-quick \
    bench-record bench-details bench-setup lint setup engine test-tools \
    image images server-image engine-proxy-image audit sbom client docs site proto lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: setup engine image ## a CSV in, a chart and a spreadsheet out, in a real sandbox
	@$(BIN)/python examples/demo.py

test: setup engine test-tools images server-image engine-proxy-image lint audit ## everything, with a real engine; its core under gVisor, with PostgreSQL and S3, too
	@rm -f $(RESULTS)/*.xml
	@$(PYTEST) -m "not judge and not corpus" --junitxml $(RESULTS)/all.xml
	@if scripts/ensure_runsc.sh; then $(PYTEST) --runtime runsc -m core --junitxml $(RESULTS)/runsc.xml; \
	    else test $$? -eq 3; fi
	@$(BIN)/python scripts/slowest_tests.py $(RESULTS)

judges: setup ## programs of other projects that check ours, and need their own virtualenv or Node
	@$(PYTEST) -m judge

corpus: setup engine image ## programs as language models write them, with the default image and the newest versions; about 20 minutes
	@$(BIN)/python scripts/build_image.py newest
	@$(BIN)/python -m tests.corpus --page $(CORPUS_IMAGES)

test-gvisor: setup engine images ## all tests of containers, with gVisor; about 20 minutes
	@scripts/ensure_runsc.sh
	@$(PYTEST) --runtime runsc --timeout 300 tests/integration/docker tests/security

test-postgresql: setup engine test-tools images ## what uses the store, with PostgreSQL
	@$(PYTEST) --store postgresql tests/unit/server tests/integration tests/reliability

test-s3: setup engine test-tools images ## what uses the store of files' bytes, with an S3 bucket
	@$(PYTEST) --blobs s3 tests/unit/server tests/integration/docker tests/reliability

model: setup engine test-tools images ## random calls against a model of sessions, thirty times as many as in `make test`; about ten minutes
	@$(BIN)/pytest -n $(WORKERS) --longer 30 tests/reliability/test_sessions_against_a_model.py

soak: setup engine images ## mixed work for SECONDS, half an hour unless told otherwise, and a look for leaks
	@$(BIN)/python -m tests.soak $(SECONDS)

day: setup engine images ## compressed days of a laptop and a team: bursts, idle times, expiry; DAYS=5
	@$(BIN)/python -m tests.day $(DAYS)

test-fast: setup lint ## what needs no engine and does not wait, in under a minute
	@$(PYTEST) -m "not engine and not slow and not judge and not corpus"

reliability: setup engine image ## kill a server 300 times (KILLS=…, KILL_SEED=…), and find nothing lost
	@$(BIN)/pytest -s --kills $(KILLS) --kill-seed $(KILL_SEED) tests/reliability/test_killed_server.py

bench: bench-setup ## us and what one would use instead, side by side; about 15 minutes
	@$(BENCH)/bin/python -m benchmarks --plots

bench-quick: bench-setup ## the same with few rounds; under two minutes on an idle machine
	@$(BENCH)/bin/python -m benchmarks --quick --plots

bench-record: bench-setup ## the last `make bench` into docs/project/performance.md, with its plots
	@$(BENCH)/bin/python -m benchmarks record

bench-details: setup engine test-tools images ## what containers' options, floods, files, seccomp and stores cost; asserts nothing
	@$(BIN)/python -m benchmarks.container_options
	@$(BIN)/python -m benchmarks.flood
	@$(BIN)/python -m benchmarks.files
	@$(BIN)/python -m benchmarks.seccomp
	@$(BIN)/python -m benchmarks.stores
	@$(BIN)/python -m benchmarks.blob_stores
	@if scripts/ensure_runsc.sh; then $(BIN)/python -m benchmarks.runtimes; else test $$? -eq 3; fi

lint: setup ## style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

setup: $(STAMP) $(MOTO_STAMP) ## the virtualenv, from the locked requirements

$(STAMP): requirements/dev.txt pyproject.toml
	@echo "→ installing the locked requirements into $(VENV) (about a minute)"
	@scripts/ensure_python.sh $(PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(MOTO_STAMP): requirements/moto.txt
	@$(PYTHON) -m venv $(MOTO)
	@$(MOTO)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/moto.txt
	@touch $@

bench-setup: setup $(BENCH_STAMP) engine image
	@$(BIN)/python scripts/build_bench_image.py

$(BENCH_STAMP): requirements/bench.txt pyproject.toml
	@echo "→ installing what is compared into $(BENCH) (about a minute)"
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@$(BENCH)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

engine: ## a Docker engine that answers
	@scripts/ensure_engine.sh

runsc: engine ## gVisor's runtime, on an engine that was started here
	@scripts/ensure_runsc.sh

test-tools: ## programs that tests run beside our own, from Debian's packages
	@scripts/ensure_test_tools.sh

image: setup engine ## the sandbox image, if something in it has changed
	@$(BIN)/python scripts/build_image.py

images: setup engine ## both sandbox images: the full one, and the core
	@$(BIN)/python scripts/build_image.py core full

server-image: setup engine ## the server as an image, if something in it has changed
	@$(BIN)/python scripts/build_deploy_images.py server

engine-proxy-image: setup engine ## the proxy between server and engine, if it has changed
	@$(BIN)/python scripts/build_deploy_images.py engine-proxy

audit: setup ## known vulnerabilities of the locked packages, as a report: build/audit.json
	@$(BIN)/python scripts/audit.py

sbom: images server-image engine-proxy-image ## what is in our images, as CycloneDX: build/sbom
	@$(BIN)/python scripts/sbom.py

client: setup ## the synchronous client, from the asynchronous one
	@$(BIN)/python scripts/generate_sync_client.py

docs: client ## the references of configuration, image, command, API, client and guarantees, from their sources
	@$(BIN)/python scripts/generate_docs.py
	@$(BIN)/python scripts/generate_image_docs.py
	@$(BIN)/python scripts/generate_cli_docs.py
	@$(BIN)/python scripts/generate_api_docs.py
	@$(BIN)/python scripts/generate_client_docs.py
	@$(BIN)/python scripts/generate_guarantees.py

site: setup ## the documents as a site, in build/site; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

proto: setup ## the generated code, from proto/
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/generate_protos.py

lock: setup ## the locked requirements, from pyproject.toml and sandbox_image/*.in
	@$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --universal \
	    --fork-strategy fewest --python-version 3.11 --no-emit-index-url --no-header --quiet -o requirements/dev.txt
	@$(BIN)/uv pip compile pyproject.toml --extra server --extra postgresql --extra s3 --extra cli -c requirements/dev.txt \
	    --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --quiet \
	    -o requirements/server.txt
	@$(BIN)/uv pip compile pyproject.toml --extra moto --generate-hashes --universal --python-version 3.11 \
	    --no-emit-index-url --no-header --quiet -o requirements/moto.txt
	@$(BIN)/python scripts/lock_image.py
	@$(BIN)/uv pip compile pyproject.toml --extra bench -c requirements/dev.txt --generate-hashes --universal \
	    --python-version 3.11 --no-emit-index-url --no-header --quiet -o requirements/bench.txt
	@$(BIN)/uv pip compile benchmarks/image/requirements.in -c sandbox_image/requirements-full.txt \
	    --generate-hashes --python-version 3.11 --python-platform linux --only-binary :all: \
	    --no-emit-index-url --no-header --quiet -o benchmarks/image/requirements.txt

clean: ## remove containers, sockets, caches, the virtualenv; IMAGES=1: our images too
	@scripts/clean.sh $(if $(IMAGES),--images)
