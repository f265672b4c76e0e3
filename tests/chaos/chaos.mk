.PHONY: chaos

chaos: build ## Fail, delay and kill at every AWS request of the functions, and judge: [CHAOS_OPTIONS="--only REGEX"]
	"$$(scripts/venv emulator)/bin/python" -m tests.chaos $(CHAOS_OPTIONS)
