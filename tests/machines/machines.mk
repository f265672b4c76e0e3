.PHONY: test-machines

test-machines: ## What machines are told, against a local Security Hub and EventBridge
	"$$(scripts/venv machines)/bin/python" -m pytest -q tests/machines
