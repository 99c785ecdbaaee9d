# Two commands on a fresh machine with Python 3.11 or newer and make:
#   make demo          one case of each service, played on real servers (KEEP=1 leaves them running)
#   make test          lint, types, import rules and all tests
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
PACKAGES := $(filter-out tests bench examples build,$(patsubst %/__init__.py,%,$(wildcard */__init__.py)))
CODE := $(PACKAGES) $(wildcard *.py) tests examples bench

# Workers load a process file anew for each case: from a compiled file in a third of the time.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

# A new file must appear in the editable install: the stamp carries the list of files in its name.
FILES := $(shell find $(PACKAGES) *.py -name '*.py' -o -name '*.yaml' -o -name '*.sql' -o -name '*.html' -o -name '*.typ' | sort | cksum | cut -d' ' -f1)
READY := .venv/.ready-$(FILES)

.PHONY: demo test lint unit fast stories bench lock histories clean
demo: $(READY)
	$(BIN)/casework demo $(if $(KEEP),--keep)

test: lint unit

lint: $(READY)
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy build/__editable__*/casework tests examples
	$(BIN)/lint-imports

unit: $(READY) .tools/fonts
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# One file, no lint: make fast T=tests/test_clock.py
fast: $(READY)
	$(BIN)/python -m pytest $(T)

# The stories that take minutes: a day of a thousand visitors at the counter.
stories: $(READY)
	$(BIN)/casework story tests/stories/long

# casework beside bare Temporal and DBOS on the same servers: some 5 minutes; result also in bench/last.json.
bench: $(READY)
	$(UV) pip install -q -p .venv -r bench/requirements.txt
	$(BIN)/python -m bench

# After a deliberate change of workflows: record the histories that replays are checked against.
histories: $(READY)
	RECORD_HISTORIES=1 $(BIN)/python -m pytest tests/record_histories.py tests/test_one_order.py

# After a change of dependencies in pyproject.toml.
lock: $(UV)
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --all-extras --no-header --no-annotate -q pyproject.toml -o requirements.lock

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/pip install -q --disable-pip-version-check uv

# Letters are set in Thai: a font for them, unpacked here, where the system has none.
.tools/fonts: | $(UV)
	mkdir -p $@
	fc-list :lang=th 2>/dev/null | grep -q . || (cd $@ && apt-get download -qq fonts-tlwg-laksaman-ttf && dpkg-deb -x *.deb .)

.venv/.locked: requirements.lock | $(UV)
	test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) .venv
	$(UV) pip sync -q -p .venv --require-hashes requirements.lock
	touch $@

$(READY): pyproject.toml .venv/.locked
	$(UV) pip install -q -p .venv --no-deps -e . --config-settings editable_mode=strict
	rm -f .venv/.ready-*
	touch $@

clean:
	rm -rf .venv .tools build dist *.egg-info .casework
