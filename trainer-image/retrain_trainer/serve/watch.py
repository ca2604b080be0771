"""What a server counts, in series that add up over replicas: accuracy is correct / feedback, drift comes from bins.

Only the stability indices are of this replica alone: they compare its last rows with the data the version comes from,
and are absent, never 0, as long as there are too few rows to tell.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from retrain_trainer.contract import ModelRef
from retrain_trainer.data.profile import Bins, Profile, psi
from retrain_trainer.data.rows import Floats
from retrain_trainer.telling.faults import InputError

MOST_VERSIONS = 100
"""Versions that feedback may name, so that a sender cannot fill the memory with series."""


class Window:
    """Counts of bins, of all rows ever and of the last ones, for one value or for several columns of them."""

    def __init__(self, bins: tuple[Bins, ...], rows: int) -> None:
        self.bins = bins
        self.null = max(len(entry.shares) for entry in bins)
        self.edges = np.full((len(bins), self.null - 1), np.inf)
        for number, entry in enumerate(bins):
            self.edges[number, : len(entry.edges)] = entry.edges
        self.total = np.zeros((len(bins), self.null + 1), np.int64)
        self.last = np.zeros((rows, len(bins)), np.int16)
        self.seen = 0

    def add(self, values: Floats) -> None:
        """Count rows x columns of values; nulls have a bin of their own, after the others."""
        places = (values[:, :, None] > self.edges).sum(axis=2)
        places[np.isnan(values)] = self.null
        self.total += self._counts(places)
        ring = (self.seen + np.arange(len(places))) % len(self.last)
        self.last[ring[-len(self.last) :]] = places[-len(self.last) :]
        self.seen += len(places)

    def distances(self) -> list[float]:
        """Return the stability index of each column over the last rows; none of them before half the window is full."""
        if self.seen < len(self.last) / 2:
            return []
        counts = self._counts(self.last[: self.seen])[:, : self.null]
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return [psi(entry.shares, share[: len(entry.shares)]) for entry, share in zip(self.bins, shares, strict=True)]

    def _counts(self, places: np.ndarray) -> np.ndarray:
        width = self.null + 1
        cells = places + np.arange(len(self.bins)) * width
        return np.bincount(cells.reshape(-1), minlength=len(self.bins) * width).reshape(-1, width)


class Watch(Collector):
    """The counters of one version."""

    def __init__(self, name: str, ref: ModelRef, profile: Profile, window: int) -> None:
        self.name = name
        self.ref = ref
        self.version = ref.uri.rpartition("/")[2]
        self.profile = profile
        self.features = Window(tuple(feature.bins for feature in profile.features), window)
        self.predictions = Window((profile.predictions,), window) if profile.predictions else None
        # A counter that begins at 0 lets Prometheus see its first step.
        self.judgements = {self.version: 0}
        self.hits = {self.version: 0}
        self.error = {self.version: 0.0}
        self.heard: float | None = None
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def predicted(self, features: Floats, values: Floats) -> None:
        """Count some predictions."""
        self.features.add(features)
        if self.predictions is not None:
            self.predictions.add(values.reshape(-1, 1))

    def judged(self, version: str, rows: int, correct: int, now: float) -> None:
        """Count classes that turned out right or wrong."""
        self._heard(version, rows, now)
        self.hits[version] = self.hits.get(version, 0) + correct

    def erred(self, version: str, errors: list[float], now: float) -> None:
        """Count numbers by how far they were off."""
        self._heard(version, len(errors), now)
        self.error[version] = self.error.get(version, 0.0) + sum(errors)

    def exposition(self) -> bytes:
        """Return all series in the text format of Prometheus."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the series; called by the registry."""
        info = GaugeMetricFamily("retrain_model_info", "The version in service.", labels=["model", "version", "digest"])
        info.add_metric([self.name, self.version, self.ref.digest], 1)
        yield info
        rows = self.features.seen
        yield self._counter("retrain_predictions", "Rows predicted.", {self.version: rows})
        yield self._counter("retrain_feedback", "Predictions whose truth became known.", self.judgements)
        if self.profile.classes:
            yield self._counter("retrain_feedback_correct", "Predictions that turned out right.", self.hits)
        else:
            yield self._counter("retrain_feedback_absolute_error", "Sum of absolute errors.", self.error)
        yield self._bins()
        yield from self._distances()
        if self.heard is not None:
            heard = GaugeMetricFamily("retrain_last_feedback_timestamp_seconds", "When.", labels=["model"])
            heard.add_metric([self.name], self.heard)
            yield heard

    def _counter(self, name: str, text: str, values: Mapping[str, float]) -> Metric:
        family = CounterMetricFamily(name, text, labels=["model", "version"])
        for version, value in values.items():
            family.add_metric([self.name, version], value)
        return family

    def _bins(self) -> Metric:
        text = "Rows by the bin their value falls in; bins are deciles of the data the version comes from."
        family = CounterMetricFamily("retrain_feature_bin", text, labels=["model", "feature", "bin"])
        for feature, counts in zip(self.profile.features, self.features.total, strict=True):
            for place in range(len(feature.bins.shares)):
                family.add_metric([self.name, feature.name, str(place)], counts[place])
            family.add_metric([self.name, feature.name, "null"], counts[self.features.null])
        return family

    def _distances(self) -> Iterator[Metric]:
        text = "Population stability index of the last rows against the data the version comes from."
        family = GaugeMetricFamily("retrain_feature_psi", text, labels=["model", "feature"])
        for feature, distance in zip(self.profile.features, self.features.distances(), strict=False):
            family.add_metric([self.name, feature.name], distance)
        yield family
        text = "Population stability index of the last predictions against those on the holdout."
        family = GaugeMetricFamily("retrain_prediction_psi", text, labels=["model"])
        for distance in [] if self.predictions is None else self.predictions.distances():
            family.add_metric([self.name], distance)
        yield family

    def _heard(self, version: str, rows: int, now: float) -> None:
        if version not in self.judgements and len(self.judgements) >= MOST_VERSIONS:
            raise InputError(f"Feedback has named {MOST_VERSIONS} versions already; {version} is one too many.")
        self.judgements[version] = self.judgements.get(version, 0) + rows
        self.heard = now
