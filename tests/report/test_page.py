"""The page in a browser: it shows what report.json says, to everybody, and asks nothing of anybody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pypdf import PdfReader

from .opened import LANGUAGES, Opened

# "scanned" is what the command itself made of records; the others are made up, by the library's example.
KINDS = ["violations", "no-policy", "kept", "large", "nothing", "scanned"]
Open = Callable[..., Opened]
HOSTILE = "<script>alert(1)</script>"


def number(text: str) -> int:
    return int(text.replace(",", ""))


def numbers(window: Opened, kind: str) -> dict[str, int]:
    """Reads the numbers of a kind, as they are shown, by their names."""
    read = "(cells, kind) => Object.fromEntries(cells.map(cell => [cell.dataset[kind], cell.innerText]))"
    shown = window.page.locator(f"[data-{kind}]").evaluate_all(read, kind)
    return {name: number(text) for name, text in shown.items()}


def outcomes(report: Any) -> Counter[str]:
    """Counts the invocations by how they were decided."""
    counted: Counter[str] = Counter()
    for flow in report["flows"]:
        counted[flow["outcome"] or "not_decided"] += flow["invocations"]
    return counted


def missing_days(gap: Any) -> int:
    """Counts the days of a gap."""
    return (date.fromisoformat(gap["to"]) - date.fromisoformat(gap["from"])).days + 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_needs_nothing_but_itself_and_nothing_in_it_runs(opened: Open, kind: str, language: str) -> None:
    window = opened(f"{kind}-{language}")
    assert window.requests == [(window.folder / "report.html").as_uri()]
    assert window.complaints == []
    assert window.page.locator("script, link, iframe, object, img, [onload], [onclick]").count() == 0
    policy = window.page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pictures_are_there(opened: Open, language: str, width: int) -> None:
    window = opened(f"violations-{language}", width=width)
    pictures = window.page.locator("svg[role=img]:visible")
    assert pictures.count() == 2
    for index in range(2):
        box = pictures.nth(index).bounding_box()
        assert box is not None and box["width"] > width * 0.6 and box["height"] > 100
        title = pictures.nth(index).locator("title").text_content()
        description = pictures.nth(index).locator("desc").text_content()
        assert title and description
    flows = window.page.locator(".flow svg:visible")
    drawn = {link.get_attribute("class") for link in flows.locator("polygon").all()}
    assert drawn == {"link violation", "link undecided", "link compliant", "link other"}
    colour = "element => getComputedStyle(element).fill"
    violation = flows.locator(".violation").first.evaluate(colour)
    assert violation == "rgb(213, 94, 0)"
    assert violation not in {flows.locator(f".{look}").first.evaluate(colour) for look in ("compliant", "other")}
    labels = [" ".join(text.all_text_contents()) for text in flows.locator("text").all()]
    assert any("ap-southeast-2" in label for label in labels), labels
    size = flows.locator("tspan").first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a"
    )
    assert size >= 10, "labels can be read"
    bars = window.page.locator(".bars svg:visible rect.bar")
    assert bars.count() > 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_that_of_the_json(opened: Open, kind: str, language: str) -> None:
    window = opened(f"{kind}-{language}")
    report = window.json()
    decided = outcomes(report)
    shown = numbers(window, "number")
    expected = {
        "invocations": report["read"]["invocations"],
        "records": report["read"]["records"],
        "files": report["read"]["files"],
        "accounts": len(report["accounts"]),
        "rejected": report["exits"]["rejected"],
        "missing_days": sum(missing_days(gap) for gap in report["coverage"]["gaps"]),
    }
    if report["policy_sha256"]:
        expected |= {name: decided[name] for name in ("violation", "undecided", "compliant", "not_applicable")}
        expected["excepted"] = report["excepted"]["invocations"]
        used = {exception["id"]: exception["invocations"] for exception in report["excepted"]["exceptions"]}
        assert numbers(window, "exception") == used
    assert shown == expected
    assert numbers(window, "exit") == report["exits"]
    assert sum(report["exits"].values()) == report["read"]["records"]
    routes = window.page.locator("#flows ~ .scroll tbody td[data-count]").all_inner_texts()
    unlisted = window.page.locator("#flows ~ .more")
    if unlisted.count():
        assert kind == "large" and len(routes) == 200 and "report.json" in unlisted.inner_text()
    else:
        assert sum(map(number, routes)) == report["read"]["invocations"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_is_quoted(opened: Open, language: str) -> None:
    window = opened(f"violations-{language}")
    report = window.json()
    articles = window.page.locator("article.finding")
    assert articles.count() == len(report["findings"])
    for finding in report["findings"]:
        article = window.page.locator(f"#finding-{finding['decision']}-{finding['id']}")
        assert finding["source_region"] in article.inner_text()
        # What another control found in the same invocations is quoted there.
        above = article.locator("a[href^='#finding-']")
        text = (window.page.locator(above.get_attribute("href") or "") if above.count() else article).inner_text()
        assert all(event in text for event in finding["event_ids"])
        assert finding["account"] in text and finding["source_region"] in text
    assert window.page.locator("article.finding a[href^='#finding-']").count() == 4
    body = window.page.locator("body").inner_text()
    assert HOSTILE in body, "what a caller sent is shown as it is"
    assert "⟨U+202E⟩gpj.exe⟨U+0000⟩" in body, "and what would hide is seen"
    assert "\u202e" not in body
    assert report["policy_sha256"] in body and report["policy"]["text"].strip() in body


def test_a_large_report_says_where_the_rest_is(opened: Open) -> None:
    window = opened("large-en")
    assert len(window.json()["findings"]) > 500
    findings = window.page.locator("article.finding")
    assert findings.count() == 500
    assert "500 of" in window.page.locator("#findings ~ .more").inner_text()
    # Who reads it from its beginning comes to what follows, and who looks for one finds it.
    assert window.page.locator("article.finding:visible").count() == 100
    height = window.page.evaluate("document.documentElement.scrollHeight")
    assert height < 80_000, "all of them open, it was 165,000 high"
    folds = window.page.locator("section[aria-labelledby=findings] details")
    counted = [int(text.split()[0]) for text in folds.locator("summary").all_inner_texts()]
    assert sum(counted) == 400 and "more findings of this control" in folds.first.inner_text()
    folds.first.locator("summary").press("Enter")
    assert window.page.locator("article.finding:visible").count() == 100 + counted[0]
    folded = folds.last.locator("article.finding").last
    window.page.evaluate("id => location.hash = id", folded.get_attribute("id"))
    assert folded.is_visible(), "a link to what is folded unfolds it"
    window.page.emulate_media(media="print")
    heights = findings.evaluate_all("findings => findings.map(finding => finding.getBoundingClientRect().height)")
    assert min(heights) > 20, "paper has them all"
    assert (window.folder / "report.html").stat().st_size < 3_000_000


def test_what_is_not_known_is_not_called_compliant(opened: Open) -> None:
    verdicts = {kind: opened(f"{kind}-en").page.locator(".verdict").inner_text() for kind in KINDS}
    assert "287 of 359,734 invocations broke the policy" in verdicts["violations"]
    assert "no policy was given" in verdicts["no-policy"]
    assert "Nothing can be said" in verdicts["nothing"]
    assert "All 359,364 invocations kept the policy" in verdicts["kept"]
    called = {kind for kind, verdict in verdicts.items() if verdict.startswith("Compliant")}
    assert called == {"kept"}


def test_a_scan_tells_what_it_found_and_what_limits_that(opened: Open) -> None:
    window = opened("scanned-en")
    report = window.json()
    assert report["excepted"]["invocations"] == 1 and report["exits"]["rejected"] > 0
    verdict = window.page.locator(".verdict").inner_text()
    assert verdict.startswith("Violations")
    for said in (
        "1 invocation is compliant only by an exception of the policy.",
        "records or files could not be read.",
        "2 days of an account and Region lack evidence.",
        "1 file does not say of which account, Region and day it is",
    ):
        assert said in verdict, verdict
    used = window.page.locator("tr.exception").inner_text()
    assert "research-2026" in used and "dpo@example.com" in used and "2026-12-31" in used
    assert "no proof of a loss" in window.page.locator("body").inner_text()


@pytest.mark.parametrize("kind", KINDS)
def test_each_language_is_spoken_throughout(opened: Open, kind: str) -> None:
    english, japanese = opened(f"{kind}-en").page, opened(f"{kind}-ja").page
    assert english.locator("html").get_attribute("lang") == "en"
    assert japanese.locator("html").get_attribute("lang") == "ja"
    words = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    ours = "h1, h2, dt, th[scope=col], figcaption, caption, summary, nav a, .verdict, .mark, .remedy li, svg title"
    for text in japanese.locator(ours).all_text_contents():
        assert words.search(text) or re.fullmatch(r"\s*(SHA-256|[a-z.]+\.(html|json|csv|sha256))\s*", text), text
    for text in english.locator(ours).all_text_contents():
        assert not words.search(text), text
    count = "section, h2, h3, h4, table, figure, dl, li, article"
    assert english.locator(count).count() == japanese.locator(count).count()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints(opened: Open, language: str) -> None:
    window = opened(f"violations-{language}", scheme="dark")
    page = window.page
    sentence = page.locator(".sentence").inner_text()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden() and page.locator(".flow.wide svg").is_visible()
    assert page.locator("details table").evaluate("e => e.getBoundingClientRect().height") > 20, "what is folded, too"
    page.set_viewport_size({"width": 688, "height": 1000})  # A4 within its margins
    cut = """() => [...document.querySelectorAll("main *")].filter(element =>
        !element.closest("svg, .hidden") && element.getBoundingClientRect().right > innerWidth + 0.5
    ).map(element => element.outerHTML.slice(0, 100))"""
    assert page.evaluate(cut) == [], "paper does not scroll"
    pages = PdfReader(BytesIO(page.pdf(format="A4", prefer_css_page_size=True))).pages
    assert 4 <= len(pages) <= 20
    squeezed = re.sub(r"\s", "", pages[0].extract_text())
    assert re.sub(r"\s", "", sentence) in squeezed
    for printed in pages:
        assert len(printed.extract_text().strip()) > 40, "no page is empty"


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_shows_it_without_moving_it_sideways(opened: Open, kind: str, language: str, width: int) -> None:
    page = opened(f"{kind}-{language}", width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = """() => [...document.querySelectorAll("main *")].filter(element =>
        !element.closest(".scroll, .hidden, svg") && element.getBoundingClientRect().right > innerWidth + 0.5
    ).map(element => element.outerHTML.slice(0, 100))"""
    assert page.evaluate(beyond) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_desktop_shows_every_control_without_moving_the_table(opened: Open, language: str) -> None:
    page = opened(f"violations-{language}").page
    assert page.locator(".matrix .control").count() == 6
    hidden = "table => table.parentElement.scrollWidth - table.parentElement.clientWidth"
    assert page.locator(".matrix").evaluate(hidden) == 0


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_tears_no_month_and_no_word_of_a_head_apart(opened: Open, language: str, width: int) -> None:
    page = opened(f"violations-{language}", width=width).page
    # More than one line of text is higher than two times the size of its letters.
    torn = """() => [...document.querySelectorAll("#months-table tbody th")].filter(head => {
        const range = document.createRange();
        range.selectNodeContents(head);
        return range.getBoundingClientRect().height > 2 * parseFloat(getComputedStyle(head).fontSize);
    }).map(head => head.textContent)"""
    assert page.locator("#months-table tbody th").count() > 1
    assert page.evaluate(torn) == []
    heads = page.locator("thead .n").evaluate_all("heads => heads.map(head => getComputedStyle(head).overflowWrap)")
    assert heads and set(heads) == {"normal"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_desktop_tears_no_account_and_no_region_of_a_setting_apart(opened: Open, language: str) -> None:
    page = opened(f"violations-{language}").page
    cells = page.locator("[aria-labelledby=settings] .short")
    assert cells.count() >= 3
    lines = "cells => cells.map(cell => (cell.firstElementChild ?? cell).getClientRects().length)"
    assert set(cells.evaluate_all(lines)) == {1}
    assert page.locator("thead th").evaluate_all(
        "heads => [...new Set(heads.map(h => getComputedStyle(h).overflowWrap))]"
    ) == ["normal"]


def test_the_keyboard_reaches_everything(opened: Open) -> None:
    page = opened("violations-en").page
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("e => e === document.activeElement")
    box = skip.bounding_box()
    assert box is not None and box["x"] >= 0, "it can be seen while it has the focus"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "large"])  # the same, and a minute longer
def test_axe_finds_nothing(opened: Open, kind: str, language: str, scheme: str, width: int) -> None:
    window = opened(f"{kind}-{language}", scheme=scheme, width=width)
    found = Axe().run(window.page).response
    problems = [
        f"{problem['id']}: {node['html'][:150]} {node.get('failureSummary', '')}"
        for problem in found["violations"]
        for node in problem["nodes"]
    ]
    assert problems == []
    assert len(found["passes"]) > 15


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_pictures_say_stands_out(opened: Open, scheme: str) -> None:
    page = opened("violations-en", scheme=scheme).page
    contrast = """() => {
        const light = colour => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(part => part / 255)
                .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const page = light(getComputedStyle(document.body).backgroundColor);
        const ratio = fill => (Math.max(light(fill), page) + 0.05) / (Math.min(light(fill), page) + 0.05);
        const texts = [...document.querySelectorAll("svg text")].map(text => ratio(getComputedStyle(text).fill));
        const bars = [...document.querySelectorAll("svg .violation")].map(bar => ratio(getComputedStyle(bar).fill));
        return [Math.min(...texts), Math.min(...bars)];
    }"""
    texts, violations = page.evaluate(contrast)
    assert texts >= 4.5
    assert violations >= 3
