# The two commands: `make book` renders the book, `make test` checks everything. `make help` lists the others.

PYTHON ?= python3
PORT := 8000
BIN := .venv/bin
INSTALLED := .venv/installed

# What a user's shell sets for other work must neither redirect an installation, nor change what a notebook runs on.
export PIP_USER := 0
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/.venv/ipython
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_CONSTRAINT PIP_NO_BINARY PIP_DRY_RUN PIP_REQUIRE_HASHES
unexport UV_TARGET UV_PREFIX UV_SYSTEM_PYTHON UV_CONSTRAINT UV_OVERRIDE UV_NO_BINARY UV_EXCLUDE_NEWER
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONSAFEPATH
unexport JUPYTER_PATH KERAS_BACKEND MPLBACKEND MATPLOTLIBRC

# PAGES is what the command line says, whatever a shell has under that name.
ifneq ($(origin PAGES),command line)
PAGES :=
endif
export PAGES

# What JAX compiles stays beside the environment, for processors like this one: the book compiles, the tests find it.
# What a killed run left unfinished JAX compiles again, and must not say so in a page.
CPU := $(shell { grep -m1 -E "^(flags|Features)" /proc/cpuinfo || sysctl -n machdep.cpu.brand_string; } 2>/dev/null | cksum | cut -d' ' -f1)
KEEP := JAX_COMPILATION_CACHE_DIR="$(CURDIR)/.venv/compiled/$(CPU)" JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
  JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1 TF_CPP_MIN_LOG_LEVEL=3 \
  PYTHONWARNINGS="ignore:Error reading persistent compilation cache entry"
# A file's tests share what they train or build, so they stay together; a worker may take 2 GB.
PYTEST := $(KEEP) $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --durations 10 --durations-min 10

.DEFAULT_GOAL := help
.PHONY: help install book check test unit quick slow tables notebooks pages widgets browser serve pdf lab lint format claims bench lock licences damage flake offline ranges mutants weights vendor clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(INSTALLED)  ## make .venv with the locked requirements and the package

$(INSTALLED): requirements.txt pyproject.toml postBuild
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	  f"The book needs Python 3.11 or later. Received: {sys.version.split()[0]}. Try: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear .venv
	PATH="$(CURDIR)/$(BIN):$$PATH" ./postBuild
	@touch $@

book: $(INSTALLED)  ## execute the notebooks and render the book into _build/html; PAGES="08 11": execute these pages only
	$(KEEP) $(BIN)/jupyter-book build book --keep-going $(if $(PAGES),,--warningiserror --nitpick)
	@echo "The book is rendered. Open _build/html/index.html in a browser, or run: make serve"

check: lint quick  ## for daily work: style, types, spelling, and the quick unit tests

test: $(INSTALLED)  ## everything, the quick tests first: unit tests, nbval on what the build executed, the rendered book in a browser
	$(MAKE) quick book notebooks browser slow pages widgets

unit: quick slow

quick: $(INSTALLED)
	$(PYTEST) -m "not slow" --ignore tests/browser

slow: $(INSTALLED)
	$(PYTEST) -m slow --ignore tests/browser

tables: $(INSTALLED)  ## write the tables of faults and bad input again, benchmarks/results/faults.json
	echo "{}" > benchmarks/results/faults.json
	$(PYTEST) --numprocesses 0 --write-tables --ignore tests/browser

notebooks: book
	$(PYTEST) --numprocesses 0 --randomly-dont-reorganize -p tools.replay --replay _build/.jupyter_cache --nbval-lax book

pages: book browser
	$(PYTEST) --dist worksteal tests/browser/test_book.py

widgets: book browser
	$(PYTEST) tests/browser --ignore tests/browser/test_book.py

browser: $(INSTALLED)
	$(BIN)/python tools/browser.py

serve: book  ## serve the rendered book on this machine; PORT=8001: at another port than 8000
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || \
	  { echo "Port $(PORT) is in use. Try another one: make serve PORT=$$(($(PORT) + 1))" >&2; exit 1; }
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

pdf: book browser  ## print the rendered book into _build/book.pdf
	$(BIN)/python tools/make_pdf.py

lab: $(INSTALLED)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab book

lint: $(INSTALLED)  ## style, types, notebook rules, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=benchmarks:tests/browser:tests $(BIN)/mypy --no-strict-optional --no-warn-return-any --follow-imports silent \
	  --disable-error-code import-untyped --exclude contestants benchmarks
	$(BIN)/python tools/notebook_rules.py book/*.ipynb
	$(BIN)/python tools/spelling.py

format: $(INSTALLED)  ## format the sources and strip the notebooks
	$(BIN)/ruff format .
	$(BIN)/nbstripout --keep-count book/*.ipynb

claims: $(INSTALLED)  ## execute the notebooks in place and keep the outputs that the text claims
	$(BIN)/jupyter execute --inplace book/*.ipynb
	$(BIN)/nbstripout --keep-count book/*.ipynb

bench: book browser  ## measure the training step beside its peers, its breakdown and floor, evaluations, equivalence, the explorer, the pages
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/breakdown.py
	$(BIN)/python benchmarks/ceilings.py
	$(BIN)/python benchmarks/costs.py
	$(BIN)/python benchmarks/equivalence.py
	$(BIN)/python benchmarks/resume.py
	$(BIN)/python benchmarks/processes.py
	PYTHONPATH=. $(BIN)/python benchmarks/browser.py
	PYTHONPATH=. $(BIN)/python benchmarks/playground.py
	PYTHONPATH=. $(BIN)/python benchmarks/playground_view.py
	PYTHONPATH=. $(BIN)/python benchmarks/pages.py
	PYTHONPATH=. $(BIN)/python benchmarks/previews.py

lock: $(INSTALLED)  ## resolve the requirements again (changes requirements.txt)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --quiet --output-file requirements.txt

licences: $(INSTALLED)  ## list the licence of each installed package, and the material of others in the book
	$(BIN)/pip-licenses --from=mixed --order=license
	cat NOTICE

damage: $(INSTALLED)  ## damage files of weights at random, fifty times as often as the tests do, and never twice alike
	$(PYTEST) --hypothesis-profile long --randomly-seed $$(date +%s) tests/test_damage.py

flake: $(INSTALLED)  ## run the unit tests ten times without a failure, each time in another order
	$(BIN)/python benchmarks/flake.py env $(PYTEST) --ignore tests/browser

offline: $(INSTALLED) browser  ## run `make test` where there is no network but the loopback (Linux)
	unshare --map-root-user --net sh -c 'ip link set lo up && $(MAKE) test'

ranges: $(INSTALLED)  ## train from the wheel with the lowest and the newest versions that pyproject.toml allows
	for end in lowest-direct highest; do \
	  $(BIN)/uv venv --quiet --clear --python $(PYTHON) .venv/$$end && \
	  $(BIN)/uv pip compile --quiet --resolution $$end --python $(PYTHON) --extra figures --extra explorer --extra train \
	    --output-file .venv/$$end.txt pyproject.toml && \
	  $(BIN)/uv pip install --quiet --python .venv/$$end --requirement .venv/$$end.txt \
	    beartype pip pytest scikit-learn setuptools && \
	  .venv/$$end/bin/python -m pytest tests/test_wheel.py || exit 1; \
	done

mutants: $(INSTALLED)  ## change the mathematical modules in every small way, and list the changes that no test notices
	$(BIN)/mutmut run
	$(BIN)/mutmut results

weights: $(INSTALLED)  ## train the shipped weights again, about an hour on two cores; a killed run goes on
	$(BIN)/python tools/make_weights.py

vendor: $(INSTALLED)  ## fetch the browser files under book/_vendor again
	$(BIN)/python tools/vendor.py

clean:  ## remove everything that was built, the environment included
	rm -rf _build .venv vae_core.egg-info .mypy_cache .ruff_cache .hypothesis
