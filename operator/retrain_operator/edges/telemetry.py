"""What the operator tells of itself: metrics at /metrics, and at /healthz whether it is well.

Labels are bounded: policies with their triggers, sources, outcomes, kinds. What is told of a policy is dropped with it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from retrain_operator.model.observation import Observation, Sample
from retrain_operator.model.run import Outcome

_POLICY = ("namespace", "policy")


class Telemetry:
    """The operator's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._values = Gauge(
            "retrain_operator_trigger_value",
            "Newest value of a trigger's query; absent while the query gives none.",
            [*_POLICY, "trigger"],
            registry=registry,
        )
        self._runs = Counter(
            "retrain_operator_runs", "Runs that have ended, by outcome.", [*_POLICY, "outcome"], registry=registry
        )
        self._checks = Counter(
            "retrain_operator_checks",
            "Questions to Prometheus, by what came of them.",
            ["source", "outcome"],
            registry=registry,
        )
        self._left_alone = Gauge(
            "retrain_operator_sources_left_alone",
            "Sources that are not asked for a while because they failed again and again.",
            ["source"],
            registry=registry,
        )
        self._who_is_left_alone: Callable[[], Mapping[str, int]] = dict
        self._late = Counter(
            "retrain_operator_late_checks", "Checks that were skipped, a newer one being due.", registry=registry
        )
        self._seconds = Histogram(
            "retrain_operator_reconcile_seconds", "How long a pass took, by kind.", ["kind"], registry=registry
        )
        self._errors = Counter(
            "retrain_operator_reconcile_errors", "Passes that failed and are repeated.", ["kind"], registry=registry
        )
        self._depth = Gauge("retrain_operator_queue_depth", "Keys that wait for a pass.", registry=registry)

    def checked(self, source: str, observation: Observation) -> None:
        """Count a question to a source by its outcome: Sample, or the reason of what came instead."""
        outcome = "Sample" if isinstance(observation, Sample) else observation.reason
        self._checks.labels(source, outcome).inc()

    def late(self) -> None:
        """Count a check that was skipped."""
        self._late.inc()

    def seen(self, namespace: str, policy: str, trigger: str, observation: Observation) -> None:
        """Show the trigger's value. Without one the series ends, so that nobody takes an old value for a new one."""
        if isinstance(observation, Sample):
            self._values.labels(namespace, policy, trigger).set(observation.value)
        else:
            self._values.remove(namespace, policy, trigger)

    def run_ended(self, namespace: str, policy: str, outcome: Outcome) -> None:
        """Count a run that has ended."""
        self._runs.labels(namespace, policy, outcome).inc()

    def forget_values(self, namespace: str, policy: str) -> None:
        """Drop the values of a policy's triggers: they have changed, or are no longer checked."""
        self._values.remove_by_labels({"namespace": namespace, "policy": policy})

    def forget(self, namespace: str, policy: str) -> None:
        """Drop all that is told of a policy: it is gone."""
        self.forget_values(namespace, policy)
        self._runs.remove_by_labels({"namespace": namespace, "policy": policy})

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Measure one pass, and count it if it fails."""
        with self._seconds.labels(kind).time(), self._errors.labels(kind).count_exceptions():
            yield

    def queue(self, depth: Callable[[], float]) -> None:
        """Ask `depth` at every scrape how many keys wait."""
        self._depth.set_function(depth)

    def sources(self, left_alone: Callable[[], Mapping[str, int]]) -> None:
        """Ask `left_alone` at every scrape how many are left alone, by source."""
        self._who_is_left_alone = left_alone

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        for source, number in self._who_is_left_alone().items():
            self._left_alone.labels(source).set(number)
        return generate_latest(self._registry)


def application(telemetry: Telemetry, problems: Callable[[], Sequence[str]]) -> web.Application:
    """GET /metrics, and GET /healthz: 200 while `problems` names none, else 503 with one problem a line."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=telemetry.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        found = problems()
        return web.Response(text="".join(f"{line}\n" for line in found or ["ok"]), status=503 if found else 200)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz)])
    return app
