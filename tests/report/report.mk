.PHONY: test-report screenshots

REPORTS := build/report
RECORDS := build/report-records
FIXTURES := functions/run-audit/tests/fixtures
# Where a trail puts the log files of a day.
TRAIL := $(RECORDS)/AWSLogs/111122223333/CloudTrail/ap-northeast-1/2026/11

# Each kind of report that the tests open, in both languages.
define render_reports
	rm -rf $(REPORTS)
	@for kind in violations no-policy kept large nothing; do for language in en ja; do \
	  cargo run --locked --quiet --package crisguard-report --example report -- $(REPORTS)/$$kind-$$language $$language $$kind; \
	done; done
endef

# What the command itself makes of a few records, with a day that is missing and a file that breaks off.
define scan_reports
	rm -rf $(RECORDS)
	mkdir -p $(TRAIL)/19 $(TRAIL)/21
	gzip -nc $(FIXTURES)/log-file.json >$(TRAIL)/21/log.json.gz
	gzip -nc $(FIXTURES)/stayed.json >$(TRAIL)/19/log.json.gz
	head -c 500 $(TRAIL)/21/log.json.gz >$(TRAIL)/21/cut.json.gz
	cp $(FIXTURES)/stayed.json $(RECORDS)/copied.json
	@for language in en ja; do \
	  cargo run --locked --quiet --package run-audit --bin crisguard -- scan $(RECORDS) --policy $(FIXTURES)/policy.yaml \
	    --lang $$language --out $(REPORTS)/scanned-$$language >/dev/null || test $$? -eq 1; \
	done
endef

test-report: ## Open the report in a browser, read its documents: pictures, numbers, languages, print, phone, accessibility, OCSF
	tests/report/browser
	$(render_reports)
	$(scan_reports)
	"$$(scripts/venv report)/bin/python" -m pytest -q tests/report

screenshots: ## Take the pictures of the report in docs/ anew
	tests/report/browser
	$(render_reports)
	"$$(scripts/venv report)/bin/python" -m tests.report.screenshots docs
