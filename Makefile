# Everything that people and CI run. Needs Rust (rustup), Python 3.11 or later with venv, and a C compiler;
# all other tools are installed by these targets, pinned, into .tools and .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# One build at a time: the targets share target/ and the machine's cores.
.NOTPARALLEL:

CARGO_DENY_VERSION := 0.20.2
CARGO_MACHETE_VERSION := 0.9.2
FUZZ_SECONDS ?= 60

DENY := .tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
MACHETE := .tools/cargo-machete-$(CARGO_MACHETE_VERSION)/bin/cargo-machete
# Named, so that the fuzzer's flags do not reach build scripts.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUNCTIONS := $(patsubst functions/%/Cargo.toml,--package %,$(wildcard functions/*/Cargo.toml))

-include infra/deploy.mk tests/answers/answers.mk tests/machines/machines.mk tests/report/report.mk tests/bench/bench.mk tests/chaos/chaos.mk

.PHONY: help build demo test test-unit test-e2e lint lint-format lint-rust lint-dependencies lint-words fuzz clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the functions and the crisguard command, optimised, for this machine
	cargo build --locked --release $(FUNCTIONS)

demo: ## Deploy to a local AWS, play its stories, show the alerts: [DEMO_OPTIONS="--keep --full"]
	scripts/demo $(DEMO_OPTIONS)

test: lint-format test-unit lint test-templates test-machines test-report test-runtime test-answers test-chaos test-emulator test-scripts test-e2e ## Everything that CI runs: lints, unit, law, template and end-to-end tests

test-unit: ## Unit, law and documentation tests
	cargo test --locked --workspace

test-e2e: build ## Deploy the templates to a local AWS, twice, and test the whole path in two halves at once (four minutes)
	"$$(scripts/venv emulator)/bin/python" -m tests.e2e

lint: lint-format lint-words lint-rust lint-dependencies lint-templates ## Every check that runs nothing: style, spelling, lints, docs, licences, templates

lint-format: ## Check the formatting of the Rust code
	cargo fmt --all --check

lint-rust: ## Check the Rust code and its documentation; every warning fails
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
	@cargo metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null # its lock file is its own

lint-dependencies: $(DENY) $(MACHETE) ## Check licences, bans and sources of dependencies, and that each is used
	$(DENY) --log-level error check --hide-inclusion-graph bans licenses sources
	$(MACHETE) functions shared tests/laws

lint-words: ## Check the spelling
	"$$(scripts/venv lint)/bin/typos"

fuzz: ## Fuzz the record parser: [FUZZ_SECONDS=60]
	mkdir -p tests/fuzz/corpus/record
	RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	  -Cllvm-args=-sanitizer-coverage-trace-compares" \
	  cargo build --locked --release --manifest-path tests/fuzz/Cargo.toml --target-dir tests/fuzz/target --target $(HOST)
	tests/fuzz/target/$(HOST)/release/record -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -print_final_stats=1 \
	  tests/fuzz/corpus/record $(wildcard tests/fuzz/seeds/record)

clean: ## Remove what was built and installed here
	cargo clean
	rm -rf .tools .venv build tests/fuzz/target

# Unoptimised: these tools take longer to build than to run. Without default features, cargo-deny
# leaves out the fetching of advisories, which CI does with its own build.
$(DENY):
	cargo install --locked --quiet --debug --no-default-features --root $(@:/bin/cargo-deny=) cargo-deny --version $(CARGO_DENY_VERSION)

$(MACHETE):
	cargo install --locked --quiet --debug --root $(@:/bin/cargo-machete=) cargo-machete --version $(CARGO_MACHETE_VERSION)
