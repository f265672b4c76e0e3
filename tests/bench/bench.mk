# Measurements; docs/performance.md has their tables. Included by the Makefile.

.PHONY: bench storm

bench: ## Measure the core, cold starts (against Python), a nightly sweep, an organization, a scan of log files and sizes: [BENCH_OPTIONS="--rounds 20 --write docs/performance.md"]
	cargo build --locked --profile dist $(FUNCTIONS)
	cargo build --locked --profile dist --package crisguard-scan --example measure
	@python=$$(scripts/venv bench)/bin/python; peers=$$(scripts/venv scan)/bin/python; \
	  "$$(scripts/venv emulator)/bin/python" -m tests.bench --python "$$python" --scan-peers "$$peers" $(BENCH_OPTIONS)

storm: ## Play a million violations into the functions: exactness, alerts, what it costs: [STORM_OPTIONS="--events 1000000"]
	cargo build --locked --profile dist $(FUNCTIONS)
	@python3 -m tests.bench.storm $(STORM_OPTIONS)

.PHONY: test-runtime
test-runtime: ## Test the Runtime API and the stand-ins that measurements rest on (seconds)
	"$$(scripts/venv emulator)/bin/python" -m pytest -q tests/runtime tests/bench
