# CT Studio. On a fresh machine with Python 3.11 or later: `make run`, `make test`.
VENV ?= .venv
export VENV PYTHON
BIN := $(VENV)/bin
WORKERS ?= 2
HEADLESS := QT_QPA_PLATFORM=offscreen VTK_DEFAULT_OPENGL_WINDOW=vtkEGLRenderWindow OMP_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench format

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

setup:  ## the environment, with exactly the versions of packaging/constraints.txt
	@packaging/setup.sh

run: setup  ## open the window on the demo case; without a display, write the demo's pictures
	@BIN="$(BIN)" packaging/run.sh

test: setup  ## the plain suite, without network, GPU or display
	@$(HEADLESS) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile $(TESTS)

check: setup  ## style, types and the rules of import
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/lint-imports --no-logo --config packaging/import_cycles.toml

bench: setup  ## speed, measured on this machine
	@for file in packaging/bench_*.py; do \
		[ -e "$$file" ] || continue; echo "== $$file"; $(HEADLESS) $(BIN)/python "$$file" || exit 1; done
	@$(HEADLESS) $(BIN)/python -m pytest -q -s -m bench; code=$$?; [ $$code -eq 5 ] || exit $$code

format: setup  ## put the code in order
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .
