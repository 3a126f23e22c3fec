"""Counts requests, and how long they took."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class RequestMetrics:
    """Counts the requests of a process. One for each program, so that nothing is registered for all of them."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _counted: dict[tuple[str, str, int], Counter] = field(default_factory=dict[tuple[str, str, int], Counter])
    _timed: dict[str, Histogram] = field(default_factory=dict[str, Histogram])
    _requests: Counter = field(init=False)
    _seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        self._requests = Counter(
            "husqy_requests", "Requests, by where they went and how they were answered.",
            ("door", "method", "status"), registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "husqy_request_seconds", "How long requests took.", ("door",), buckets=SECONDS, registry=self.registry
        )
        for make in (ProcessCollector, PlatformCollector, GCCollector):
            make(registry=self.registry)

    def count(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count a request; the labels are few, whatever is asked for."""
        door = _door(path)
        key = (door, method if method in METHODS else "other", status)
        counter = self._counted.get(key)
        if counter is None:
            counter = self._counted[key] = self._requests.labels(*key)
        counter.inc()
        histogram = self._timed.get(door)
        if histogram is None:
            histogram = self._timed[door] = self._seconds.labels(door)
        histogram.observe(seconds)


def _door(path: str) -> str:
    if path == "/graphql":
        return "/graphql"
    if path.startswith("/v1/modules/"):
        # What is asked for that does not exist must not become labels without end.
        return "/v1/modules"
    return "/v1" if path == "/v1" or path.startswith("/v1/") else "other"
