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

# A virtual environment does not survive a move of its folder: the stamp remembers where it was made.
MOVED := $(shell test -f $(STAMP) && test "$$(cat $(STAMP))" != "$$(pwd -P)" && echo moved)

# The classroom bundle brings its own wheels; with them, pip asks nobody else.
ifneq ($(wildcard wheels/made-for.txt),)
PIP := PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels PIP_EXTRA_INDEX_URL= $(RUN) -m pip
else
PIP := $(RUN) -m pip
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

$(STAMP): requirements.lock pyproject.toml $(if $(MOVED),FORCE)
	@if [ -n "$(MOVED)" ] || ! $(RUN) -c '$(PYTHON_FITS)' 2>/dev/null || ! $(RUN) -c 'import pip' 2>/dev/null; then \
	  command -v "$(PYTHON)" >/dev/null || { \
	    echo 'There is no "$(PYTHON)" here; install Python 3.10 or later, or name yours: make env PYTHON=python3.12'; exit 1; }; \
	  "$(PYTHON)" -c '$(PYTHON_FITS)' || exit 1; \
	  "$(PYTHON)" -m venv --clear $(VENV) || { \
	    echo '"$(PYTHON)" could not make a virtual environment; on Debian or Ubuntu: sudo apt install python3-venv'; exit 1; }; \
	fi
	@rm -f $@
	@$(PIP) install -r requirements.lock && $(PIP) install --no-deps -e . || { \
	  echo 'The installation did not finish; the reason stands in the lines above. "make env" takes it up again.'; exit 1; }
	@pwd -P > $@

# Nothing asks the network for news. In a container the user is often root, which JupyterLab wants to be told.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

lab: env ## Open JupyterLab on the first notebook
	$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
	  --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(AS_ROOT) $(LAB_ARGS)

test: env ## Run every test, the notebooks among them
	$(RUN) -m pytest -n $(WORKERS) $(TEST_ARGS)

# "make test" runs these too, but skips them where there is no Chromium. One at a time, since they measure delays.
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

# CUDA's packages are dropped: pip finds those that its own PyTorch asks for, and the CPU build asks for none.
# soupsieve 3 and later need Python 3.11.5; a bundle made with that would not serve Debian's 3.11.2.
lock: ## Resolve requirements.lock anew from pyproject.toml (for maintainers; needs uv)
	mkdir -p build
	cp requirements.lock build/requirements.lock
	printf '%s\n' 'torch==$(TORCH)' 'soupsieve<3' > build/constraints.txt
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.10 --no-annotate --no-header --quiet \
	  --constraints build/constraints.txt $(LOCK_ARGS) --output-file build/requirements.lock
	grep -v -E '^(nvidia|cuda|triton)' build/requirements.lock > build/requirements.txt
	mv build/requirements.txt requirements.lock

clean: ## Remove everything that make made, .venv included
	rm -rf $(VENV) build dist docs/_build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
