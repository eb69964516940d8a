# The course's commands. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
COURSE := _build/course
WORKERS ?= 2
# Twice the cores of a small machine: many tests wait for a sandbox, a browser or a limit of time.
TEST_WORKERS ?= 4
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup data experiments course exercises book serve lint style browser test test-all bench libraries clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/ready: requirements.txt autograder/requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13) and f"The course needs Python 3.11 to 3.13; {sys.executable} is {v[0]}.{v[1]}. Name another: make setup PYTHON=python3.12")'
	@echo "Setting up $(VENV): this takes a few minutes the first time."
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing; install it (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@
	@echo "Set up: $(VENV)"

setup: $(VENV)/ready  ## make the environment in .venv

_data/ready: $(VENV)/ready book/experiments/data/fetch.py
	@cd book && ../$(PY) -m experiments.data.fetch
	@touch $@

data: _data/ready  ## fetch the data sets of the experiments, once

exercises: setup  ## generate the student notebooks, their worked cases and zip files
	@$(PY) -m autograder release --course $(COURSE) --packages _build/student --keep

book: exercises data  ## build the book, executed, warnings as errors (ANSWERS=no leaves out the answers)
	@$(BOOK)

BOOK = $(BIN)/jupyter-book build book --config _config.yml --path-output . -W --keep-going -n

course: exercises book  ## build everything and grade the sample class
	@$(PY) -m autograder sample-class --course $(COURSE)
	@$(PY) -m autograder grade --course $(COURSE) --workers $(WORKERS); code=$$?; \
	echo; \
	echo "Book: $(CURDIR)/_build/html/index.html"; \
	echo "Notebooks: $(CURDIR)/exercises  (zip files for students: $(CURDIR)/_build/student)"; \
	if [ $$code -ne 0 ]; then echo "The class is not graded: the sentence above says what to do. Everything else is built."; exit $$code; fi

experiments: data  ## make the results that the book shows (NAME=memory for one of them)
	@cd book && PYTHONPATH=$(CURDIR) ../$(PY) -m experiments $(NAME) --workers $(WORKERS)

libraries: setup  ## run other libraries' recurrent cells anew and say what changed (NAME=mlx for one of them)
	@$(PY) -m tests.solutions.libraries $(NAME)

serve: book  ## show the book at http://127.0.0.1:8000
	@echo "The book is at http://127.0.0.1:8000 (stop with Ctrl-C)"
	@$(PY) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lint: style  ## style, errors and types
	@$(BIN)/pytest -q tests/test_types.py

style: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# In the order in which tests/conftest.py puts them; xdist would begin with what waits for the book.
TESTS = $(BIN)/pytest -n $(TEST_WORKERS) --dist loadgroup --no-loadscope-reorder

browser: setup
	@$(PY) -m tests.browser

test: setup data style browser  ## style and the tests, of which one is of the types
	@$(TESTS) -m "not slow"

test-all: setup data style browser  ## the tests, with those that take long, and how much of solutions/ they reach
	@$(TESTS)
	@$(BIN)/pytest -n 2 -q tests/solutions --cov=solutions --cov-branch --cov-report=term:skip-covered --cov-fail-under=98

bench: setup  ## measure what we claim about speed
	@$(PY) benchmarks/cells.py
	@$(PY) benchmarks/check.py
	@$(PY) -W ignore benchmarks/gradebook.py
	@$(PY) benchmarks/grading.py --sizes 12

clean:  ## remove what was built (not .venv)
	rm -rf _build
