# `make help` says what there is. Nothing needs to be set up first: `make test` on a fresh checkout
# makes the virtual environment and, where it may (root or sudo, Debian), installs the real peers.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PEERS := kamailio kamailio-websocket-modules kamailio-tls-modules kamailio-outbound-modules coturn \
	rtpengine-daemon baresip-core \
	asterisk-core-sounds-en-g722 pulseaudio pulseaudio-utils libportaudio2 libasound2-plugins \
	chromium firefox-esr janus iproute2 mandoc man-db sngrep tshark $(if $(shell command -v npm),,npm)
BROWSER := tests/realpeer/chromium
# What can be tested to the last line: the pure parts, and what is built around them without devices.
COVERED := sip sdp core sandbox expect media/rtp media/codecs media/dtmf media/jitter_buffer
COVERAGE := $(addprefix --cov sipcli/,$(COVERED)) --cov-report term:skip-covered --cov-fail-under 97
PYTEST := $(BIN)/python -m pytest

# A module is compiled once, and not again in each of the hundreds of processes that the tests start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv peers listeners machine lint check units real-peers test floors audit soak bench example demo clean

help:  ## show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

venv: $(VENV)/.installed  ## make the virtual environment (PYTHON=/path chooses the Python)

$(VENV)/.installed: pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) '.[dev]'
	@touch $@ $(VENV)/.runs

# What runs, without what it is developed with: a later `make venv` adds that.
$(VENV)/.runs: pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) .
	@touch $@

peers:  ## install the servers that the real-peer tests need (Debian packages; root or sudo)
	@scripts/apt-install $(PEERS)
	@$(MAKE) --no-print-directory $(BROWSER)/node_modules/.installed

listeners: venv  ## install what judges sound: recorded speech (Debian), PESQ and STOI (PESQ needs gcc)
	@scripts/apt-install asterisk-core-sounds-en-g722 gcc libc6-dev python3-dev
	@$(BIN)/python -c 'import pesq, pystoi, scipy' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'

# What the browser's page needs: one package, in the version that the lockfile names.
$(BROWSER)/node_modules/.installed: $(BROWSER)/package-lock.json
	cd $(BROWSER) && npm ci
	@touch $@

# The last two are cold, as a user's mypy is: it reads in another order then, without a cache.
lint: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy scripts/*.py
	$(BIN)/mypy --package scripts.bench
	$(BIN)/mypy --no-incremental sipcli
	$(BIN)/mypy --no-incremental --package sipcli

check: lint units  ## format, lint, types, tests without real peers, coverage

units: venv
	$(PYTEST) --numprocesses 3 --dist worksteal -m 'not real_peer' $(COVERAGE)

real-peers: venv
	$(PYTEST) --numprocesses 2 --dist loadscope --no-loadscope-reorder -m real_peer

test:  ## the same with all tests; installs the real peers
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint machine
	@echo "make: running all tests; the results are shown when they are there"
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target units real-peers

# A peer that cannot be installed here is missed by its tests: they are skipped, and fail on CI.
machine: venv
	@$(MAKE) --no-print-directory peers || echo "make: going on without real peers" >&2
	@$(MAKE) --no-print-directory listeners || echo "make: going on without listeners" >&2

floors: venv  ## prove the lowest versions of the dependencies that pyproject.toml declares
	scripts/check-floors $(BIN)/python

audit: venv  ## look up known vulnerabilities in the dependencies (before a release)
	scripts/audit-dependencies $(BIN)/python

soak: venv  ## make 200 calls, and look after each for what it may have left
	scripts/soak-calls

bench: venv  ## measure what has a goal
	@set -e; for bench in scripts/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench; done
	@$(MAKE) --no-print-directory listeners
	$(BIN)/python -m scripts.bench

example: venv  ## regenerate config.example.toml, the manual page, the references and the pictures
	$(BIN)/python -m sipcli config example >config.example.toml.new
	mv config.example.toml.new config.example.toml
	$(BIN)/python -m scripts.man_page >docs/sipcli.1.new
	mv docs/sipcli.1.new docs/sipcli.1
	$(BIN)/python -m scripts.api_reference >docs/api.md.new
	mv docs/api.md.new docs/api.md
	$(BIN)/python -m scripts.report_reference >docs/report-json.md.new
	mv docs/report-json.md.new docs/report-json.md
	$(BIN)/python -m scripts.picture docs/smoke-test.svg
	$(BIN)/python -m scripts.report_pictures docs/report

demo: $(VENV)/.runs  ## see it at work: installs only what runs, and calls in a sandbox
	@scripts/demo $(BIN)

clean:  ## remove what was made, the virtual environment too
	rm -rf $(VENV) .venv-* $(BROWSER)/node_modules build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
