.PHONY: test-answers

test-answers: ## What stands between the functions and the local AWS: what it answers, fails, counts and notes
	"$$(scripts/venv emulator)/bin/python" -m pytest -q tests/answers
