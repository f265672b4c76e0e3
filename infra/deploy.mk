# Deploying, verifying and removing crisguard, and checking its templates.
# Included by the top Makefile; `make help` lists what follows a double hash.

POLICY ?= policy.yaml

.PHONY: deploy deploy-logging look verify uninstall lint-templates test-templates test-emulator test-scripts

deploy: ## Deploy into the account: POLICY=policy.yaml [HOME_REGION=R] [REGIONS="A B"] [DEPLOY_OPTIONS="…"]
	scripts/deploy --policy $(POLICY) $(if $(HOME_REGION),--region $(HOME_REGION)) $(if $(REGIONS),--regions "$(REGIONS)") $(DEPLOY_OPTIONS)

deploy-logging: ## Turn Bedrock's invocation logging on, as crisguard asks for it: REGIONS="A B" [LOGGING_OPTIONS="…"]
	scripts/deploy-logging --regions "$(REGIONS)" $(LOGGING_OPTIONS)

look: ## Is the evidence as it must be? Asks now what is asked every night: [HOME_REGION=R] [REGIONS="A B"]
	scripts/look $(if $(HOME_REGION),--region $(HOME_REGION)) $(if $(REGIONS),--regions "$(REGIONS)")

verify: ## One real Bedrock call, followed until decided, and a test alert: MODEL=id [HOME_REGION=R] [SOURCE_REGION=R]
	scripts/verify --model "$(MODEL)" $(if $(HOME_REGION),--region $(HOME_REGION)) $(if $(SOURCE_REGION),--source-region $(SOURCE_REGION)) $(VERIFY_OPTIONS)

uninstall: ## Remove crisguard from every Region; keeps the policy, the reports and the topic unless told: [UNINSTALL_OPTIONS="…"]
	scripts/uninstall $(if $(HOME_REGION),--region $(HOME_REGION)) $(UNINSTALL_OPTIONS)

lint-templates: ## Check templates and scripts: cfn-lint, checkov (offline), shellcheck, ruff, mypy
	scripts/lint-templates

test-templates: ## Evaluate the templates: who may send what where, under which key
	"$$(scripts/venv emulator)/bin/python" -m pytest -q tests/templates

test-emulator: ## The local AWS behaves as AWS does where crisguard depends on it
	"$$(scripts/venv emulator)/bin/python" -m pytest -q -m "not slow" tests/emulator

test-scripts: ## deploy, verify and uninstall against the local AWS
	"$$(scripts/venv emulator)/bin/python" -m pytest -q -m slow tests/emulator
