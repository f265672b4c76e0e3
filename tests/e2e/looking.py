"""What one look of check-posture decided, as its answer says it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

COMPLIANT, NON_COMPLIANT, UNDECIDED = "compliant", "non-compliant", "undecided"
# The controls about invocation logging, which all need to know how it is configured.
LOGGING = (
    "invocation-logging-enabled",
    "invocation-logging-modalities",
    "invocation-logging-bucket-encrypted",
    "invocation-logging-bucket-private",
    "invocation-logging-bucket-retained",
    "invocation-logging-group-encrypted",
    "invocation-logging-group-retained",
    "invocation-logging-delivering",
)
# What is the same in every Region, and decided in the home Region alone.
OF_THE_ACCOUNT = ("invoke-is-least-privilege", "manage-and-invoke-separate", "api-key-long-term")
# What is decided where calls may be made; elsewhere there is nothing to look at.
OF_SOURCES = ("profile-reach-allowed",)
CONTROLS = (
    "rule-receives-inference",
    *LOGGING,
    "trail-records-inference",
    "profile-destinations-allowed",
    *OF_SOURCES,
    "data-retention-allowed",
    "guardrail-stays-in-region",
    "guardrail-enforced",
    "custom-model-encrypted",
    "imported-model-encrypted",
    "knowledge-base-encrypted",
    "agent-encrypted",
    "agent-has-guardrail",
    "batch-output-in-region",
    "vpc-endpoint-present",
    "vpc-endpoint-restricted",
    *OF_THE_ACCOUNT,
)


@dataclass(frozen=True)
class Looked:
    """The report of a look."""

    report: dict[str, Any]

    @property
    def assessments(self) -> list[dict[str, Any]]:
        """Every decision."""
        found: list[dict[str, Any]] = self.report["assessments"]
        return found

    def of(self, control: str) -> dict[str, dict[str, Any]]:
        """What a control decided, by Region."""
        return {a["region"]: a for a in self.assessments if a["control"] == control}

    def at(self, region: str) -> dict[str, dict[str, Any]]:
        """What was decided about a Region, by control; each control decides once."""
        found = [a for a in self.assessments if a["region"] == region]
        assert [name for name, times in Counter(a["control"] for a in found).items() if times > 1] == []
        return {a["control"]: a for a in found}

    @property
    def news(self) -> list[dict[str, Any]]:
        """What is handed on: of Regions that are not enabled nobody is told every night."""
        return [a for a in self.assessments if a["reason"]["kind"] != "region_not_enabled"]

    @property
    def not_compliant(self) -> dict[tuple[str, str], str]:
        """What is wrong or cannot be told, by Region and control."""
        wrong = [a for a in self.assessments if a["decision"] != COMPLIANT]
        return {(a["region"], a["control"]): a["explanation"] for a in wrong}

    def decided(self) -> dict[str, str]:
        """Each control's decision, of a look at one Region."""
        return {a["control"]: a["decision"] for a in self.assessments}


def problems(assessed: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """What is wrong, each with the names of the resources."""
    assert assessed["decision"] == NON_COMPLIANT, assessed["explanation"]
    reason = assessed["reason"]
    assert reason["kind"] == "settings"
    for problem in reason["problems"]:
        for name in names(problem):
            assert name in assessed["explanation"]
    return [(problem["kind"], names(problem)) for problem in reason["problems"]]


def names(problem: dict[str, Any]) -> list[str]:
    """The names of the resources that have a problem."""
    return [name for resource in problem.get("of", ()) for name in resource.values()]


def unknown(assessed: dict[str, Any]) -> list[tuple[str, str]]:
    """What cannot be told: of which kind it is, and the action that failed or what else it is about."""
    assert assessed["decision"] == UNDECIDED, assessed["explanation"]
    reason = assessed["reason"]
    gaps = [(gap["kind"], gap) for gap in reason.get("unknown", ())]
    # Of crisguard's own rules, only what was refused can be unknown.
    gaps += [("not_observed", gap) for gap in reason.get("not_observed", ())]
    found = []
    for kind, gap in gaps:
        about = gap.get("action") or gap.get("modality") or gap.get("profile") or gap.get("part") or ""
        assert str(about) in assessed["explanation"]
        found.append((kind, str(about)))
    return found
