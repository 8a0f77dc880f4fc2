# One command for each kind of check, in the environment that CONTRIBUTING.md makes in .venv.
# BIN=... names the folder of another one. CI runs these commands too.

BIN := .venv/bin/
CPP := $(shell find csrc tests benchmarks -name '*.h' -o -name '*.cpp')

.PHONY: format lint types tests quick-tests docs

format:
	$(BIN)ruff check --fix .
	$(BIN)ruff format .
	$(BIN)clang-format -i $(CPP)

lint:
	$(BIN)ruff check .
	$(BIN)ruff format --check .
	$(BIN)clang-format --dry-run -Werror $(CPP)
	shellcheck .ci/run tools/*.sh

types:
	$(BIN)mypy --strict
	$(BIN)mypy --strict tools tests/bochs
	$(BIN)mypy --strict -p benchmarks.reproduce -p benchmarks.several
	$(BIN)mypy --strict -p tests.behavior
	$(BIN)python -m mypy.stubtest dixtill._native --mypy-config-file tools/stubtest.ini

# The README's test command, in an environment that exists.
tests:
	$(BIN)python -m pytest -n 3 --dist worksteal

quick-tests:
	$(BIN)python -m pytest -n 3 --dist worksteal -m "not slow"

# The site, in build/site; a warning is an error. `make tests` runs the pages' code blocks.
docs:
	NO_MKDOCS_2_WARNING=1 $(BIN)mkdocs build --strict --quiet
	$(BIN)python -m pytest -q tests/docs/test_site.py
