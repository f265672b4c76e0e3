"""CloudWatch: the metrics in a function's log, the alarms on them, and how metrics are read."""

from __future__ import annotations

import json
import operator
import time
import types
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch, lambda_svc

# For so long CloudWatch keeps sums of hours, and for so long it lists a metric without new data.
KEPT, LISTED = 455 * 86_400, 14 * 86_400
# The comparisons that crisguard's alarms use.
COMPARE = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}


def apply() -> None:
    """Adjusts metrics and alarms."""
    _read_metrics_by_all_their_dimensions()
    _keep_and_list_as_long_as_cloudwatch_does()
    _take_metrics_out_of_logs()
    _judge_alarms_by_their_dimensions()


class _Named(dict[str, str]):
    """Dimensions that were asked for, be there none."""

    def __bool__(self) -> bool:
        return True


def _read_metrics_by_all_their_dimensions() -> None:
    """Without dimensions, GetMetricData reads the metric that has none, not the sum of all.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
    """
    original = cloudwatch._dims_from_list
    cloudwatch._dims_from_list = lambda dimensions: _Named(original(dimensions))


def _keep_and_list_as_long_as_cloudwatch_does() -> None:
    """Metrics are kept for 15 months, and listed while there was data within two weeks.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
    """
    original = cloudwatch._list_metrics
    cloudwatch.TWO_WEEKS_SECONDS = KEPT

    def list_metrics(*arguments: Any, **options: Any) -> Any:
        since = time.time() - LISTED
        series = list(cloudwatch._metrics.items())
        recent = {key: points for key, points in series if any(point["Timestamp"] >= since for point in points)}
        # The same function, with these for its metrics: others go on adding to the real ones meanwhile.
        listing = types.FunctionType(original.__code__, {**vars(cloudwatch), "_metrics": recent})
        listing.__defaults__ = original.__defaults__
        return listing(*arguments, **options)

    cloudwatch._list_metrics = list_metrics


def _take_metrics_out_of_logs() -> None:
    """A log line in the embedded metric format becomes metrics, and alarms are judged by them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    original = lambda_svc._emit_lambda_logs

    def emit(function: Any, request: str, text: str, *arguments: Any, **options: Any) -> None:
        original(function, request, text, *arguments, **options)
        found = list(_metrics_in(text))
        for namespace, name, value, unit, dimensions in found:
            cloudwatch.record_metric(namespace, name, value, unit, dimensions)
        if found:
            cloudwatch._evaluate_all_alarms()

    lambda_svc._emit_lambda_logs = emit


def _metrics_in(text: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    for line in text.splitlines():
        if not line.startswith('{"_aws"'):
            continue
        entry = json.loads(line)
        for directive in entry["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: str(entry[name]) for name in names}
                for metric in directive["Metrics"]:
                    name = metric["Name"]
                    yield directive["Namespace"], name, float(entry[name]), metric.get("Unit", "None"), dimensions


def _judge_alarms_by_their_dimensions() -> None:
    """An alarm is about the metric with its dimensions, and no other.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
    """

    def evaluate(alarm: dict[str, Any]) -> None:
        dimensions = {d["Name"]: d["Value"] for d in alarm.get("Dimensions") or []}
        series = (alarm.get("Namespace"), alarm.get("MetricName"), cloudwatch._dims_key(dimensions))
        since = time.time() - alarm["Period"] * alarm["EvaluationPeriods"]
        points = [point for point in cloudwatch._metrics.get(series) or [] if point["Timestamp"] >= since]
        if not points:
            return
        value = cloudwatch._stat_value(cloudwatch._calc_stats(points), alarm["Statistic"], points)
        state = "ALARM" if COMPARE[alarm["ComparisonOperator"]](value, alarm["Threshold"]) else "OK"
        before = alarm["StateValue"]
        if state != before:
            reason = f"Threshold Crossed: {value} is {alarm['ComparisonOperator']} {alarm['Threshold']}"
            alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
            cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
            cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)

    cloudwatch._evaluate_alarm = evaluate
