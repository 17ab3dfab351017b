# `make run` and `make test` are the two that matter; `make help` lists all. All share .venv/.
.PHONY: run help test test-quick chaos bench check format types lock wheel clean

UV_COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --annotation-style line --quiet
UV_PART = $(UV_COMPILE) --constraint requirements/test.txt

run: ## Set up what is missing, then serve PneumoCAM on http://localhost:8000
	@scripts/setup serve
	@exec .venv/bin/pneumocam serve

help: ## List what `make` can do
	@sed -n 's/^\([a-z-]*\): ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

# Three processes on two cores, because most tests wait most of their time; a file stays in one.
PYTEST = .venv/bin/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
# In parts of their own: faults and services, which take longest, and training, because GDCM, which
# reads two kinds of JPEG, crashes in a process in which torch has trained. Serving never loads
# torch, and training reads its films before it begins.
APART = --ignore tests/faults --ignore tests/service --ignore tests/model/training

test: ## Set up what is missing, then run every test
	@scripts/setup test
	$(PYTEST) $(APART)
	$(PYTEST) tests/faults tests/service
	# Side by side, because each leaves a core idle.
	@(cd frontend && npm run --silent test) & dashboard=$$!; \
		.venv/bin/pytest tests/model/training; training=$$?; \
		wait $$dashboard && exit $$training

test-quick: ## Run the tests that start no service, database server, browser, container or command
	@scripts/setup test
	$(PYTEST) $(APART) --ignore tests/cli -m "not server"

# Seconds of faults on each database, seed of the random faults, and sqlite, postgresql or both.
SECONDS ?= 60
SEED ?= 1
DATABASE ?= both

chaos: ## Break the service at random and check that no job is lost (SECONDS, SEED, DATABASE)
	@scripts/setup test
	.venv/bin/python -m tests.faults.chaos --seconds $(SECONDS) --seed $(SEED) --database $(DATABASE)

# Sections of the benchmark; all by default: parts network arithmetic pipeline service growth gpu.
SECTIONS ?=

bench: ## Measure the speed of each part, as the table of docs/performance.md (SECTIONS)
	@scripts/setup test
	.venv/bin/python -m benchmarks.bench $(SECTIONS)

check: ## Check style, types and architecture, and that generated files are up to date
	@scripts/setup test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/hadolint Dockerfile.api Dockerfile.worker
	.venv/bin/compose-lint --quiet docker-compose.yml
	.venv/bin/pneumocam openapi | diff - frontend/openapi.json
	cd frontend && npm run --silent check

format: ## Format the code and apply the linter's safe fixes
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

types: ## Generate the OpenAPI document, and the dashboard's types from it
	.venv/bin/pneumocam openapi > frontend/openapi.json
	cd frontend && npm run --silent types

# The set with everything is resolved first, and each other set is a part of it.
lock: ## Pin the dependencies of pyproject.toml in requirements/*.txt (needs uv)
	$(UV_COMPILE) --all-extras --group build --group test --output-file requirements/test.txt
	$(UV_PART) --group build --output-file requirements/gateway.txt
	$(UV_PART) --group build --extra worker --output-file requirements/serve.txt
	$(UV_PART) --extra gpu --output-file requirements/gpu.txt
	$(UV_PART) --extra train --output-file requirements/train.txt
	$(UV_PART) --extra tracing --output-file requirements/tracing.txt

wheel: ## Build the wheel, with the dashboard in it, into dist/
	@scripts/setup serve
	.venv/bin/python -m hatchling build --target wheel

clean: ## Remove what the other targets made, but not the data in var/
	rm -rf .venv dist frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache
