# Everything that CI runs is a target here. `make` alone shows the list.
PYTHON ?= python3
VENV ?= .venv
SHARED ?= ../shared
WORKSHOP ?= ../textpolitics-training
BIN := $(VENV)/bin

.PHONY: help install demo lint format test test-slow models eval names bench speed readme wheel clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## Make the environment in .venv

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: install ## Classify the texts in examples/
	@$(BIN)/textpolitics classify $(filter-out examples/README.md examples/expected.json,$(sort $(wildcard examples/*.*)))

lint: install ## Check style and types
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy

format: install ## Put the code in order
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests

test: install ## Run the tests (under 10 minutes)
	$(BIN)/python -m pytest -m "not slow"

test-slow: install ## Run the long tests
	$(BIN)/python -m pytest -m slow

models: install ## Train the shipped models
	$(BIN)/python tests/measure/models.py $(SHARED) $(WORKSHOP)

eval: install ## Measure accuracy on held-out authors
	$(BIN)/python tests/measure/accuracy.py $(SHARED) --write

names: install ## Measure whether names decide, with what `make models` left in the workshop
	$(BIN)/python tests/measure/names.py $(SHARED)/real/passages.jsonl.gz $(WORKSHOP)/without-fold/fast $(WORKSHOP)/without-fold/accurate --only-fold 3 --write
	$(BIN)/python tests/measure/publisher.py $(SHARED)/real/passages.jsonl.gz $(WORKSHOP)/without-fold/fast --write

bench: install ## Measure start-up and speed
	$(BIN)/python tests/measure/startup.py
	$(BIN)/python tests/measure/throughput.py --write

speed: install ## Compare the encoder with torch, which must be installed
	$(BIN)/python tests/measure/speed.py $(WORKSHOP)

readme: install ## Write the true output of its commands into the README
	$(BIN)/python tests/measure/readme.py

wheel: install ## Build the wheel
	$(BIN)/python -m build --wheel --outdir dist

clean: ## Remove what was built
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
