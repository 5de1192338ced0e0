# `make demo` shows the product, `make test` checks all of it. The first run sets up .venv; later ones find it ready.
# Works as root or not, in a clone under any path. PYTHON=… chooses the Python that .venv is made with.

BIN := .venv/bin
UV := $(BIN)/uv
STAMPS := .venv/stamps
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-header --no-emit-index-url --no-emit-find-links

export PYTHON DHIS2 YES PRODUCTION PARENT UNITS
export UV_COMPILE_BYTECODE := 1
# What is compiled is kept: hundreds of processes of the tests load the same modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test chaos contract bench lint style types walls migrations docs wheel sbom release compat pictures lock chromium
.DELETE_ON_ERROR:

demo: $(STAMPS)/project
	$(BIN)/cgr demo $(if $(filter 0,$(SERVE)),--no-serve)

test: $(STAMPS)/dev chromium
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint docs
	$(BIN)/pytest -n 3 --dist worksteal

# Random worlds, edits, faults and kills for half an hour, or SECONDS=…; SEED=… repeats one world that was printed.
chaos: SECONDS ?= 1800
chaos: $(STAMPS)/dev
	CHAOS_SECONDS=$(SECONDS) CHAOS_SEED=$(SEED) $(BIN)/pytest tests/acceptance/test_chaos.py -q -p no:randomly

# Replays the recordings beside the checkout against the sandbox; prints "N of M recorded exchanges match".
contract: $(STAMPS)/dev
	$(BIN)/pytest tests/contract -q

lint: types style walls migrations

style: $(STAMPS)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(STAMPS)/dev
	$(BIN)/mypy

walls: $(STAMPS)/dev
	$(BIN)/lint-imports

migrations: $(STAMPS)/dev
	$(BIN)/python -W ignore::RuntimeWarning -m django makemigrations --check --dry-run --settings cgr.project.settings

# SIZE=… measures one size only; the result of a whole run is kept in docs/reference/performance.md. DHIS2=url measures on
# a real server, under a sub-tree of its own that stays there: YES=1, and PRODUCTION=1 unless it calls itself a test;
# PARENT=id, UNITS=n. Who signs in: DHIS2_USER and DHIS2_PASSWORD in the environment.
bench: $(STAMPS)/dev
	@$(BIN)/python benchmarks/run.py $(if $(DHIS2),--live,$(if $(SIZE),--sizes $(SIZE),--keep))

# The documents as pages, into a folder that git ignores: the wheel carries it, the app serves it under /docs.
docs: $(STAMPS)/dev
	$(BIN)/python docs/site/build.py

# Files in it have the time of the commit, as in a release: the same sources give the same bytes.
wheel: docs
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || date +%s)} \
		$(UV) build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist

# The pictures of the tutorial, taken from the demo as it is served.
pictures: $(STAMPS)/dev chromium
	$(BIN)/python scripts/take_pictures.py

# What a release is made of, as CycloneDX.
sbom: $(STAMPS)/project
	.ci/list-parts

# The wheel of a tagged commit, built twice with the same bytes; its checksum and its parts beside it.
release: $(STAMPS)/dev sbom
	$(BIN)/python scripts/release.py build

# The fast part of the suite on the other Pythons of this machine and both Djangos.
compat: $(STAMPS)/dev
	.ci/check-compatibility

# Renews the pinned requirements. The files hold names, versions and hashes, and no addresses.
lock: $(STAMPS)/tools
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(COMPILE) --group tools -c requirements/dev.txt -o requirements/tools.txt
	$(COMPILE) --group npm -o requirements/npm.txt
	$(COMPILE) --group release -o requirements/release.txt
	npm install --package-lock-only --silent

chromium:
	@.ci/find-chromium

# Stamps say what .venv holds, so that nothing is installed twice.
$(STAMPS)/tools: requirements/tools.txt .ci/make-venv
	.ci/make-venv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements/runtime.txt $(STAMPS)/tools
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	@touch $@

$(STAMPS)/assets: package-lock.json .ci/fetch-assets $(STAMPS)/tools
	.ci/fetch-assets
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/runtime $(STAMPS)/assets
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/project
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@
