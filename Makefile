# Two commands: `make run` and `make test`. Both keep their environment in .venv/.
.PHONY: run test chaos bench check format types lock clean

UV_COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet

run: ## Set up what is missing, then serve PneumoCAM on http://localhost:8000
	@scripts/setup serve
	@exec .venv/bin/pneumocam serve

test: ## Set up what is missing, then run every test
	@scripts/setup test
	# Most tests wait most of their time, so three run at once. Those that break the whole service, or
	# look at it in a browser, have the machine for themselves.
	.venv/bin/pytest --numprocesses 3 --dist loadfile \
		--ignore tests/faults --ignore tests/service --ignore tests/model/training
	.venv/bin/pytest tests/faults tests/service
	# Apart, because GDCM, which reads two kinds of JPEG, crashes in a process in which torch has
	# trained. Serving never loads torch, and training reads its films before it begins.
	.venv/bin/pytest tests/model/training
	cd frontend && npm run --silent test

# How long faults are made on each database, from which seed, on sqlite, postgresql or both.
SECONDS ?= 60
SEED ?= 1
DATABASE ?= both

chaos: ## Break the service at random, and look whether a job was lost (SECONDS, SEED, DATABASE)
	@scripts/setup test
	.venv/bin/python -m tests.faults.chaos --seconds $(SECONDS) --seed $(SEED) --database $(DATABASE)

# Which parts of the benchmark are run, all by default: parts network arithmetic pipeline service growth gpu.
SECTIONS ?=

bench: ## How fast it is, as one table: docs/performance.md
	@scripts/setup test
	.venv/bin/python -m benchmarks.bench $(SECTIONS)

check: ## Style, types, architecture, and that generated files are up to date
	@scripts/setup test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/hadolint Dockerfile.api Dockerfile.worker
	.venv/bin/compose-lint --quiet docker-compose.yml
	.venv/bin/pneumocam openapi | diff - frontend/openapi.json
	cd frontend && npm run --silent check

format: ## Let the formatter and the safe fixes run
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

types: ## The OpenAPI document, and the dashboard's types from it
	.venv/bin/pneumocam openapi > frontend/openapi.json
	cd frontend && npm run --silent types

lock: ## Pin requirements/*.txt anew from requirements/*.in
	$(UV_COMPILE) requirements/serve.in --output-file requirements/serve.txt
	$(UV_COMPILE) requirements/train.in --output-file requirements/train.txt
	$(UV_COMPILE) requirements/gpu.in --output-file requirements/gpu.txt
	$(UV_COMPILE) requirements/tracing.in --output-file requirements/tracing.txt
	$(UV_COMPILE) requirements/test.in --output-file requirements/test.txt

clean: ## Remove what the others made, but not the data in var/
	rm -rf .venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache
