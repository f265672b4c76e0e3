.PHONY: chaos test-chaos

chaos: build ## Fail, delay and kill at every AWS request of the functions, and judge: [CHAOS_OPTIONS="--only REGEX"]
	"$$(scripts/venv emulator)/bin/python" -m tests.chaos $(CHAOS_OPTIONS)

test-chaos: ## Test what `make chaos` judges with (seconds)
	"$$(scripts/venv emulator)/bin/python" -m pytest -q tests/chaos
