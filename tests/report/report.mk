.PHONY: test-report screenshots

REPORTS := build/report

# Each kind of report that the tests open, in both languages where they read it.
define render_reports
	rm -rf $(REPORTS)
	@for kind in violations no-policy kept large nothing; do for language in en ja; do \
	  cargo run --locked --quiet --package crisguard-report --example report -- $(REPORTS)/$$kind-$$language $$language $$kind; \
	done; done
endef

test-report: ## Open the report in a browser, read its documents: pictures, numbers, languages, print, phone, accessibility, OCSF
	tests/report/browser
	$(render_reports)
	"$$(scripts/venv report)/bin/python" -m pytest -q tests/report

screenshots: ## Take the pictures of the report in docs/ anew
	tests/report/browser
	$(render_reports)
	"$$(scripts/venv report)/bin/python" -m tests.report.screenshots docs
