# Everything a person or a CI needs to do here. Each target sets up .venv first, if that is not done yet.

PYTHON ?= python3
UV_VERSION := 0.13.9

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

BIN := .venv/bin
PY := $(BIN)/python
STAMP := .venv/.ready
PIP_QUIET := -qq --no-input --disable-pip-version-check

# Scripts and the editable install remember where .venv was made; a copied or moved tree makes its own again.
MADE_ELSEWHERE := $(shell test ! -e $(STAMP) || test "$$(cat $(STAMP))" = "$$PWD" || echo yes)

# Nothing imports these by name: drivers and time zone data that SQLAlchemy, FastAPI and zoneinfo load on their own.
LOADED_BY_NAME := aiosqlite|asyncpg|tzdata|uvicorn

# FastAPI is made of Starlette, Pydantic of its core, Jinja of MarkupSafe; aiohttp's addresses are yarl's: the release is theirs to say.
COME_WITH_OTHERS := starlette|pydantic_core|markupsafe|yarl

# A worker for each core and two more, as many tests wait for processes and clocks, but no more than this: each has a
# PostgreSQL of its own, or a share in the one that is given.
WORKERS_MAX := 4

# Tests start processes by the dozen; what these compile is kept, even where PYTHONDONTWRITEBYTECODE keeps it from the tree.
PYTEST := env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$$PWD/.venv/bytecode" $(PY) -m pytest

# What make peers needs: programs and Debian's packages that have them. pymerkle gets an environment of its own.
PEERS := .venv/peers
PEERS_NPM := .venv/peers-npm
PEER_PROGRAMS := openssl go split base64 postfix pdfsig node npm jq curl
GO_SUMDB := /usr/share/gocode/src/golang.org/x/mod/sumdb
PEER_PACKAGES := openssl coreutils golang-go golang-golang-x-mod-dev postfix poppler-utils nodejs npm jq curl

.PHONY: help
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: $(STAMP) ## create .venv with everything that is needed, nothing else

$(STAMP): requirements/dev.txt pyproject.toml $(if $(MADE_ELSEWHERE),.venv-made-elsewhere)
	@version=$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.version_info >= (3, 11))' 2>&1) || version='missing no'; \
	case "$$version" in *True) ;; *) \
		echo "awizo needs Python 3.11 or newer, and $(PYTHON) is $${version% *}: name another one with make PYTHON=..." >&2; exit 1;; \
	esac
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "awizo needs Python's venv module, and $(PYTHON) has none: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv; the first time takes a minute or two."
	@rm -f $(STAMP)
	@test -z "$(MADE_ELSEWHERE)" && $(PY) -c 'import pip, sys; assert sys.version_info >= (3, 11)' 2>/dev/null || \
		 "$(PYTHON)" -m venv --clear .venv
	@uv pip install --quiet --python $(PY) --require-hashes -r requirements/dev.txt 2>/dev/null || \
		$(PY) -m pip install $(PIP_QUIET) --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install $(PIP_QUIET) --no-deps --no-build-isolation --editable .
	@printf '%s\n' "$$PWD" > $(STAMP)

.PHONY: .venv-made-elsewhere
.venv-made-elsewhere:

.PHONY: demo
demo: $(STAMP) ## a day of sample events on SQLite and local providers: every message, one proof, one forgery refused
	@$(BIN)/awizo demo

.PHONY: run
run: $(STAMP) ## service, worker and sandbox providers on 127.0.0.1:8000, until interrupted
	@$(BIN)/awizo run

.PHONY: test
test: $(STAMP) ## the whole suite on SQLite and PostgreSQL (AWIZO_TEST_PG_URL, else the system's binaries)
	@echo "== tests"
	@$(PYTEST) -q -n $$(($$(nproc) + 2)) --maxprocesses $(WORKERS_MAX) --dist worksteal -m "not e2e and not peers and not cluster"

.PHONY: check
check: format-check lint types layers openapi-check dependencies ## all that must hold: format, lint, types, layers, OpenAPI drift, dependencies, tests
	@$(MAKE) test

.PHONY: format
format: $(STAMP) ## rewrite the code in the house's format
	@$(BIN)/ruff format --quiet .

.PHONY: format-check
format-check: $(STAMP)
	@echo "== format"
	@$(BIN)/ruff format --quiet --check . || { echo "make format puts this right" >&2; exit 1; }

.PHONY: lint
lint: $(STAMP)
	@echo "== lint"
	@$(BIN)/ruff check --quiet .

.PHONY: types
types: $(STAMP)
	@echo "== types"
	@$(PY) -m mypy --no-error-summary

.PHONY: layers
layers: $(STAMP)
	@echo "== layers"
	@report=$$($(BIN)/lint-imports --no-logo 2>&1) || { printf '%s\n' "$$report"; exit 1; }

.PHONY: openapi-check
openapi-check: $(STAMP)
	@echo "== OpenAPI"
	@$(BIN)/awizo openapi > .venv/openapi.yaml
	@diff -u openapi.yaml .venv/openapi.yaml || { echo "make openapi writes openapi.yaml from the code" >&2; exit 1; }

.PHONY: dependencies
dependencies: $(STAMP)
	@echo "== dependencies"
	@report=$$($(BIN)/deptry app adapters migrations --no-ansi -kf app -kf adapters -kf migrations \
		--per-rule-ignores "DEP002=$(LOADED_BY_NAME),DEP003=$(COME_WITH_OTHERS)" 2>&1) || { printf '%s\n' "$$report"; exit 1; }

.PHONY: e2e
e2e: $(STAMP) ## the pages in a real browser (Debian's package chromium)
	@$(PY) -m pytest -q -m e2e tests/e2e

.PHONY: pictures
pictures: $(STAMP) ## draw docs/pictures/messages.png, status-*, notice-*, preferences-*, join-* and audit-*.png anew (Debian's chromium, poppler-utils)
	@$(PY) -m tests.e2e.message_pictures
	@$(PY) -m tests.e2e.status_pictures
	@$(PY) -m tests.e2e.notice_pictures
	@$(PY) -m tests.e2e.preferences_pictures
	@$(PY) -m tests.e2e.join_pictures
	@$(PY) -m tests.e2e.audit_pictures

# The package and the tools at these versions give the very files that are kept here, byte for byte.
.PHONY: typeface
typeface: ## cut the typeface of pages and PDF statements out of npm's @fontsource/inter anew (npm)
	@tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && \
	"$(PYTHON)" -m venv "$$tool" && \
	"$$tool/bin/python" -m pip install $(PIP_QUIET) "fonttools[woff]==4.68.0" "brotli==1.2.1" && \
	(cd "$$tool" && npm pack --silent @fontsource/inter@5.3.0 >/dev/null && tar xzf fontsource-inter-5.3.0.tgz) && \
	"$$tool/bin/python" -W ignore scripts/make_typeface.py "$$tool/package" app/web/static app/rendering/statement_pdf

# N processes killed on each engine, and N faults of each other kind; SEED draws them, another one each time without.
# What came of it is printed and, as JSON, written to FILE. At the end, for seven minutes, two providers share the
# messages while one of them refuses everything for a minute.
.PHONY: faults
faults: $(STAMP) ## put faults in and see that nothing is lost, doubled or overlooked (N= how many, SEED= which, FILE= figures)
	@seed=$${SEED:-$$($(PY) -c 'import secrets; print(secrets.randbelow(10**9))')}; n=$${N:-100}; mkdir -p var; \
	echo "== faults: make faults N=$$n SEED=$$seed"; \
	$(PY) -m tests.faults --kills $$n --seed $$seed --json "$${FILE:-var/faults.json}" && \
	AWIZO_REQUIRE_PG=1 AWIZO_FAULTS=$$n AWIZO_FAULTS_SEED=$$seed $(PY) -m pytest -q -rs tests/faults && \
	$(PY) -m tests.faults.failing_provider

# Examples and the limits of each member come before the N that chance makes up: some 40,000 requests.
.PHONY: fuzz
fuzz: $(STAMP) ## ask all routes on both databases what openapi.yaml lets one think of: no 5xx, every answer described (N=, SEED=)
	@env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$$PWD/.venv/bytecode" $(PY) -m tests.fuzz --cases $${N:-20000} $${SEED:+--seed $$SEED}

.PHONY: flood
flood: $(STAMP) ## post one event N times to both databases: it is kept and told once
	@$(PY) -m tests.flood --copies $${N:-100000}

.PHONY: timings
timings: $(STAMP) ## whether the time of an answer tells who is a customer, over N known and N unknown contact points
	@$(PY) -m tests.timings --people $${N:-1000}

# Real processes; who tells the people is killed three times in the middle. DATABASE=sqlite: one process, killed by nobody.
.PHONY: incident
incident: $(STAMP) ## a facility shuts where something waits for N people: each is told once, and what single events take meanwhile (N=, DATABASE=)
	@env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$$PWD/.venv/bytecode" $(PY) -m tests.faults.incident_at_scale \
		--people $${N:-100000} --database $${DATABASE:-postgres} $(if $(FILE),--json $(FILE))

# Each message is held against a second reading of the rules; ends with 1 when one should not have left, or is missing.
# GRID: events are taken in every so many hours.
.PHONY: year
year: $(STAMP) ## a simulated year of N shipments under an accelerated clock, and its judge (N= how many, SEED= which, DATABASE=postgres)
	@$(PY) -m tests.simulation --shipments $${N:-20000} $${SEED:+--seed $$SEED} --database $${DATABASE:-sqlite} --grid-hours $${GRID:-6}

# A server that AWIZO_TEST_PG_URL names is not ours to kill.
.PHONY: cluster
cluster: $(STAMP) ## several processes before a primary that fails and a standby, and behind pgbouncer (Debian's packages, see CONTRIBUTING.md)
	@missing=; PATH="$$PATH:/usr/sbin"; command -v pgbouncer >/dev/null || missing="$$missing pgbouncer"; \
	ls /usr/lib/postgresql/*/bin/pg_basebackup >/dev/null 2>&1 || command -v pg_basebackup >/dev/null || missing="$$missing postgresql"; \
	test -z "$$missing" || { echo "missing:$$missing; on Debian, apt-get install$$missing" >&2; exit 1; }
	@env -u AWIZO_TEST_PG_URL AWIZO_REQUIRE_PG=1 $(PYTEST) -q -rs tests/cluster

.PHONY: peers
peers: $(STAMP) ## what a running service gives out, checked by OpenSSL, Go's sumdb and pymerkle, its statements by poppler; webhooks by npm's standardwebhooks; openapi.yaml by spectral; the programs to copy with node and curl; Postfix's reports (CONTRIBUTING.md)
	@missing=; for need in $(PEER_PROGRAMS); do command -v $$need >/dev/null || missing="$$missing $$need"; done; \
	test -d $(GO_SUMDB) || missing="$$missing golang.org/x/mod/sumdb"; \
	test -z "$$missing" || { echo "missing:$$missing; on Debian, apt-get install $(PEER_PACKAGES)" >&2; exit 1; }
	@$(MAKE) $(PEERS)/.ready $(PEERS_NPM)/.ready
	@AWIZO_REQUIRE_PG=1 $(PY) -m pytest -q -m peers tests/peers

# pymerkle is under the GPL: a program beside the tests, never a dependency.
$(PEERS)/.ready: requirements/peers.txt
	@"$(PYTHON)" -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install $(PIP_QUIET) --require-hashes -r requirements/peers.txt
	@touch $@

# Packages of npm at the versions and with the hashes of package-lock.json, which names no host; none of their scripts is run.
$(PEERS_NPM)/.ready: tests/peers/npm/package.json tests/peers/npm/package-lock.json
	@rm -rf $(PEERS_NPM) && mkdir -p $(PEERS_NPM) && cp $^ $(PEERS_NPM)
	@cd $(PEERS_NPM) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

COMMA := ,
.PHONY: bench
bench: $(STAMP) ## measure us and the floor beside us in one run (ROWS=email,sms: only these; N=: leaves and notifications of the large ones)
	@$(PY) -m tests.bench $(if $(ROWS),--rows $(subst $(COMMA), ,$(ROWS))) $(if $(N),--size $(N)) $(if $(WAITING),--waiting $(WAITING)) \
		$(if $(DATABASES),--databases $(subst $(COMMA), ,$(DATABASES)))

.PHONY: openapi
openapi: $(STAMP) ## write openapi.yaml from the code
	@$(BIN)/awizo openapi > .venv/openapi.yaml && mv .venv/openapi.yaml openapi.yaml

.PHONY: requirements
requirements: ## pin every dependency again, by hash, in requirements/*.txt (UPGRADE=--upgrade for newer ones)
	@tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && \
	"$(PYTHON)" -m venv "$$tool" && \
	"$$tool/bin/python" -m pip install $(PIP_QUIET) "uv==$(UV_VERSION)" && \
	compile() { "$$tool/bin/uv" pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" "$$@"; } && \
	compile --group build --output-file requirements/build.txt && \
	compile pyproject.toml --output-file requirements/runtime.txt && \
	compile pyproject.toml --group dev --output-file requirements/dev.txt && \
	compile --group peers --output-file requirements/peers.txt

.PHONY: sbom
sbom: $(STAMP) ## write the bill of materials, dist/sbom.cdx.json (CycloneDX), from the pinned requirements
	@$(PY) scripts/make_sbom.py dist/sbom.cdx.json

.PHONY: hooks
hooks: ## let git check the format, lint and layers of what you commit
	@git config core.hooksPath scripts/hooks

.PHONY: clean
clean: ## remove .venv, caches and build leftovers; never var/, which holds keys and data
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
