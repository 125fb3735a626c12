# The two commands of the README: `make run` and `make test`. Both build .venv first; both may be given again at any time.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8501

.PHONY: run test lint clean browser

run: .venv/runtime
	$(BIN)/lladr prepare
	$(BIN)/lladr serve --port $(PORT)

test: lint browser
	$(BIN)/python -m pytest

lint: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

clean:
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/runtime: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt -e .
	touch $@

.venv/development: requirements-dev.txt requirements-ray.txt .venv/runtime
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	touch $@

# The page tests drive Chromium, which comes from the operating system.
browser:
	@command -v chromium >/dev/null || { \
	  echo "Chromium is missing; installing it with apt-get (needs root; elsewhere install it yourself)."; \
	  apt-get update -q && apt-get install -y -q chromium; }
