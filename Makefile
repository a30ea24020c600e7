# Everything is done from here: `make help` lists the targets. Works with GNU make 3.81, which macOS ships.

PYTHON    ?= python3
UV        ?= uv
WORKERS   ?= 2
LAB_ARGS  ?=
TEST_ARGS ?=
LOCK_ARGS ?=

# The version of PyTorch that requirements.lock pins, and the newest Python that it has builds for.
TORCH := 2.13.0
NEWEST_PYTHON := 14

VENV  := .venv
RUN   := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PINS  := requirements.lock hashes.lock pyproject.toml

# A virtual environment does not survive a move of its folder: the stamp remembers where it was made.
MOVED := $(shell test -f $(STAMP) && test "$$(cat $(STAMP))" != "$$(pwd -P)" && echo moved)

# The classroom bundle brings its own wheels; with them, pip asks nobody else. Some were built where the bundle was made,
# which checked what it downloaded; their hashes are their own.
ifneq ($(wildcard wheels/made-for.txt),)
PIP := PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels PIP_EXTRA_INDEX_URL= $(RUN) -m pip
PIP_CHECKED := true
else
PIP := $(RUN) -m pip
PIP_CHECKED := $(PIP) install --no-deps --require-hashes -r hashes.lock
endif

# Only the tutorial's own notebooks: a learner's "Untitled 1.ipynb" beside them is left alone.
NOTEBOOKS := $(shell ls notebooks 2>/dev/null | grep -E '^[0-9][0-9]_[a-z0-9_]+\.ipynb$$' | sed 's|^|notebooks/|')
EXECUTED  := $(NOTEBOOKS:%=build/%)
ENGINE    := $(wildcard rnnsound/*.py rnnsound/*/*.py)

WHICH_PYTHON := import platform, sys; \
	tag = "python%d.%d-%s-%s" % (sys.version_info[:2] + (platform.system(), platform.machine()))
PYTHON_FITS := $(WHICH_PYTHON); import os; \
	made = os.path.exists("wheels/made-for.txt") and open("wheels/made-for.txt").read().strip(); \
	fits = (3, 10) <= sys.version_info[:2] <= (3, $(NEWEST_PYTHON)); \
	sys.exit("rnnsound needs Python 3.10 to 3.$(NEWEST_PYTHON), and this is %s; name another: make env PYTHON=python3.12" \
	% platform.python_version() if not fits else "wheels/ was made for %s, and this is %s; take the bundle made \
	for yours, or name another Python: make env PYTHON=python3.12" % (made, tag) if made and made != tag else 0)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env lab test test-browser check notebooks site bench bundle lint house lock clean FORCE

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

env: $(STAMP) ## Make the environment in .venv, or bring it up to date

# The lock is the kernel's, on descriptor 9 of the recipe's shell: it is gone when that shell and what it runs are gone,
# however they end. A disk that knows no locks is no reason not to install.
define ONE_AT_A_TIME
import fcntl
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Another make is at work on the environment in this folder; waiting until it has finished", flush=True)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:
    pass
endef
export ONE_AT_A_TIME

# What was true before the wait need not be true after it: whether the environment is made, and where, is asked again.
$(STAMP): $(PINS) $(if $(MOVED),FORCE)
	@case "$$(pwd -P)" in *[\"\$$\`\\:]*) printf '%s\n' \
	  'The scripts of an environment break where the path has one of " $$ ` \ : in it, as here; rename or move this folder'; \
	  exit 1;; esac; \
	mkdir -p build && exec 9> build/env.lock || exit 1; \
	"$(PYTHON)" -c "$$ONE_AT_A_TIME" 2>/dev/null || $(RUN) -c "$$ONE_AT_A_TIME" 2>/dev/null; \
	made=$$(cat $@ 2>/dev/null); here=$$(pwd -P); \
	if [ "$$made" = "$$here" ] && [ -z "$$(find $(PINS) -newer $@)" ]; then exit 0; fi; \
	if [ "$${made:-$$here}" != "$$here" ] || \
	  ! $(RUN) -c '$(PYTHON_FITS)' 2>/dev/null || ! $(RUN) -c 'import pip' 2>/dev/null; then \
	  command -v "$(PYTHON)" >/dev/null || { \
	    echo 'There is no "$(PYTHON)" here; install Python 3.10 or later, or name yours: make env PYTHON=python3.12'; exit 1; }; \
	  "$(PYTHON)" -c '$(PYTHON_FITS)' || exit 1; \
	  "$(PYTHON)" -m venv --clear $(VENV) || { \
	    echo '"$(PYTHON)" could not make a virtual environment; on Debian or Ubuntu: sudo apt install python3-venv'; exit 1; }; \
	fi; \
	rm -f $@; \
	$(PIP_CHECKED) && $(PIP) install -r requirements.lock && $(PIP) install --no-deps -e . || { \
	  echo 'The installation did not finish; the reason stands in the lines above. "make env" takes it up again.'; exit 1; }; \
	echo "$$here" > $@

# Nothing asks the network for news. In a container the user is often root, which JupyterLab wants to be told.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

lab: env ## Open JupyterLab on the first notebook
	$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
	  --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(AS_ROOT) $(LAB_ARGS)

test: env ## Run every test but those in a browser, the notebooks among them
	$(RUN) -m pytest -n $(WORKERS) --ignore=tests/browser $(TEST_ARGS)

# One at a time and with nothing beside them, since they measure delays.
test-browser: env ## Run the notebooks that have sliders in JupyterLab and Chromium, which must be there
	BROWSER_TESTS=required $(RUN) -m pytest tests/browser $(TEST_ARGS)

check: env ## Say what is installed, what is wrong and how to mend it
	$(RUN) -m rnnsound check

notebooks: $(EXECUTED) ## Execute the notebooks into build/notebooks

build/notebooks/%.ipynb: notebooks/%.ipynb $(ENGINE) $(STAMP)
	@mkdir -p build/notebooks
	$(RUN) -m nbconvert --log-level=WARN --to notebook --execute --output-dir build/notebooks $<

site: notebooks ## Build the pages into build/site from the executed notebooks
	rm -rf build/docs build/site
	mkdir -p build/docs/notebooks
	cp -R docs/. build/docs
	cp $(EXECUTED) build/docs/notebooks
	$(RUN) -m sphinx -q -W --keep-going build/docs build/site
	@echo 'The first page is build/site/index.html'

bench: env ## Compare speed with other libraries
	$(RUN) -m benchmarks

# "pip wheel" rather than "pip download": where a package comes as source, it is built here and not in the classroom.
bundle: env ## Pack the last commit and its wheels into one zip in dist, for rooms without a network
	rm -rf build/bundle
	mkdir -p build/bundle dist
	git archive --prefix=rnnsound/ HEAD | tar -xf - -C build/bundle
	$(PIP) wheel --wheel-dir build/bundle/rnnsound/wheels -r build/bundle/rnnsound/requirements.lock hatchling editables
	$(RUN) -c '$(WHICH_PYTHON); print(tag)' > build/bundle/rnnsound/wheels/made-for.txt
	zip="dist/rnnsound-$$(cat build/bundle/rnnsound/wheels/made-for.txt).zip" && rm -f "$$zip" && \
	  $(RUN) -m zipfile -c "$$zip" build/bundle/rnnsound && rm -rf build/bundle && ls -l "$$zip"
	@git diff --quiet HEAD || echo 'Your uncommitted changes are not in it.'

lint: env ## Check the style of the code and the spelling, and that the notebooks carry no outputs
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m codespell_lib
	$(if $(NOTEBOOKS),$(RUN) -m nbstripout --verify $(NOTEBOOKS))

house: env ## Redraw docs/architecture.md from the package's own imports and docstrings
	$(RUN) docs/architecture.py

# CUDA's packages are dropped: pip finds those that its own PyTorch asks for, and the CPU build asks for none. PyTorch has no
# hash: which of its builds is right depends on the machine, and the CPU builds are not those of the default index.
# soupsieve 3 and later need Python 3.11.5; a bundle made with that would not serve Debian's 3.11.2.
WITHOUT = awk '/^[^ ]/ { keep = !/^($(1))/ } keep' build/locked.txt
lock: ## Resolve requirements.lock and hashes.lock anew from pyproject.toml (for maintainers; needs uv)
	mkdir -p build
	cp requirements.lock build/locked.txt
	printf '%s\n' 'torch==$(TORCH)' 'soupsieve<3' > build/constraints.txt
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.10 --no-annotate --no-header --quiet \
	  --generate-hashes --constraints build/constraints.txt $(LOCK_ARGS) --output-file build/locked.txt
	$(call WITHOUT,nvidia|cuda|triton|torch==) > hashes.lock
	$(call WITHOUT,nvidia|cuda|triton) | sed -e '/^ *--hash/d' -e 's/ *\\$$//' > requirements.lock

clean: ## Remove everything that make made, .venv included
	rm -rf $(VENV) build dist docs/_build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
