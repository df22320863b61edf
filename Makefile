# make serve   set up, train the sample's model, serve it
# make test    set up, run all tests
# make coverage   what the tests in process reach of the rooms that matter most; fails under 90 % of one
# make check   formatting, lint, types, architecture
# make image   build the CPU image, scoredock:cpu
# make lock    settle the versions of the images' packages anew
# make test-gpu-image   build the CUDA image (several GB) and test what needs no device
# make test-azure   install Azurite (npm, 190 MB), test workspaces in Azure's blobs
# make test-oldest   test with the oldest versions that pyproject.toml allows, on the oldest Python (OLDEST=3.10, or its path)
# make test-pythons   install the wheel and serve with it, on every Python here (PYTHONS="python3.10 /opt/new/bin/python")
# make audit   compare the packages' versions with the advisories that PyPI publishes
# make soak    fuzz and load real servers for ten minutes each (MINUTES=60 for longer)
# make bench   measure side by side with other servers (CASES=ridge-1,echo PEERS=fastapi narrow it)
PYTHON ?= python3
SAMPLE ?= sklearn-diabetes
HOST ?= 127.0.0.1
PORT ?= 5001
MINUTES ?= 10
JOBS ?= 2
OLDEST ?= 3.10
AUDIT := .venvs/audit/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off
SELECTED := not gpu_image and not azurite and not pythons
ROOMS := entry payload engine web deploy
CHECKED := runtime tests samples base-images/lock base-images/rootfs/build base-images/conda/install-packages
BIN := .venv/bin

.PHONY: help serve test test-oldest test-pythons coverage soak check audit image lock test-gpu-image test-azure bench format docs clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make /make /p' Makefile

.venv/.serve: pyproject.toml
	@echo "Setting up .venv (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[samples]'
	@touch $@

.venv/.dev: pyproject.toml
	@echo "Setting up .venv with the development tools (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ .venv/.serve

serve: .venv/.serve
	@$(BIN)/python samples/$(SAMPLE)/make_model.py
	@$(BIN)/scoredock serve --entry_script samples/$(SAMPLE)/score.py --model_dir samples/$(SAMPLE)/model --host $(HOST) --port $(PORT)

test: .venv/.dev
	$(BIN)/python -m pytest -n $(JOBS) -m 'not measuring and $(SELECTED)' $(if $(JUNIT),--junitxml=$(JUNIT)-1.xml) $(ARGS)
	$(BIN)/python -m pytest tests/bench tests/faults -m 'measuring and $(SELECTED)' $(if $(JUNIT),--junitxml=$(JUNIT)-2.xml) $(ARGS)

# What counts are the rooms' unit tests and all of tests/http, in process; deploy/local needs a Docker engine and processes
# of its own (tests/docker). Python 3.11 runs in a circle under a tracer once a thread never takes its interrupt: the
# tests with stuck threads stay out.
STUCK := a_stuck_thread_is_given_up or a_fault_of_the_watch or late_stream_ends or takes_too_long or cannot_be_interrupted
coverage: .venv/.dev
	@$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report= -k 'not ($(STUCK))' \
		$(ROOMS:%=tests/unit/%) tests/http $(ARGS) || failed=1; \
	for room in $(ROOMS); do \
		echo; echo "$$room"; \
		$(BIN)/python -m coverage report --include="*/scoredock/$$room/*" --omit="*/deploy/local/*" \
			--show-missing --skip-covered --fail-under=90 || failed=1; \
	done; test -z "$$failed"

check: .venv/.dev
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/architecture

image:
	docker build -t scoredock-base:cpu base-images/cpu
	docker build -t scoredock:cpu -f Dockerfile.cpu .

test-gpu-image: .venv/.dev
	$(BIN)/python -m pytest -m gpu_image tests/docker $(ARGS)

test-azure: .venv/.dev
	@test -x .venvs/azurite/node_modules/.bin/azurite-blob || npm install --no-audit --no-fund --prefix .venvs/azurite azurite@3
	$(BIN)/python -m pytest -m azurite tests/unit/deploy tests/unit/collection tests/e2e $(ARGS)

.venvs/uv/bin/uv:
	@$(PYTHON) -m venv .venvs/uv
	@.venvs/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

lock: .venvs/uv/bin/uv
	.venvs/uv/bin/python base-images/lock

.venvs/oldest/.for-$(subst /,-,$(OLDEST)): pyproject.toml | .venvs/uv/bin/uv
	@echo "Setting up .venvs/oldest (once, about a minute) ..."
	@.venvs/uv/bin/uv venv --quiet --clear --seed --python $(OLDEST) .venvs/oldest
	@.venvs/uv/bin/uv pip install --quiet --python .venvs/oldest --resolution lowest-direct -e '.[dev]'
	@touch $@

# the README of the digits shows the numbers of a model that today's scikit-learn trains
test-oldest: .venvs/oldest/.for-$(subst /,-,$(OLDEST))
	.venvs/oldest/bin/python -m pytest -n $(JOBS) -m 'not measuring and $(SELECTED)' \
	  --deselect 'tests/e2e/test_samples.py::test_the_readme_shows_the_commands_and_the_true_answers[onnx-digits]' \
	  tests/unit tests/http tests/e2e tests/distribution $(ARGS)

test-pythons: .venv/.dev
	PYTHONS="$(PYTHONS)" $(BIN)/python -m pytest -m pythons tests/distribution $(ARGS)

# --strict: a version that the service does not know fails, too. Which lines of the lists count is decided by $(PYTHON).
audit: .venvs/uv/bin/uv
	@test -x .venvs/audit/bin/python || $(PYTHON) -m venv .venvs/audit
	@.venvs/audit/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip-audit
	$(AUDIT) -r base-images/cpu/python-packages.txt
	$(AUDIT) -r base-images/cuda/python-packages.txt
	@.venvs/uv/bin/uv pip compile --quiet --universal --all-extras --no-header --no-annotate pyproject.toml -o .venvs/newest.txt
	$(AUDIT) -r .venvs/newest.txt

# FUZZ_S is what a fuzzing test takes in seconds; there are about a dozen of them
soak: .venv/.dev
	FUZZ_S=$$(( $(MINUTES) * 5 )) $(BIN)/python -m pytest tests/fuzz $(ARGS)
	PYTHONPATH=tests $(BIN)/python -m fuzz.soak --minutes $(MINUTES)

bench: .venv/.dev
	$(BIN)/python tests/bench/bench.py $(if $(CASES),--cases $(CASES)) $(if $(PEERS),--peers $(PEERS))

format: .venv/.dev
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

docs: .venv/.dev
	$(BIN)/python docs/make_settings_page.py
	$(BIN)/python docs/make_deploy_page.py

clean:
	rm -rf .venv .venvs
