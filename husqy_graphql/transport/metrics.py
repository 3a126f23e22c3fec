"""`/metrics` for Prometheus: with the service credential, since it tells how busy every guild's work is.

Source: the Prometheus text format, which its own client library writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from husqy_graphql.core.access import require_service
from husqy_graphql.core.errors import CodedError
from husqy_graphql.core.readings import Reading
from husqy_graphql.transport.credentials import Gate
from husqy_graphql.transport.request_metrics import RequestMetrics
from husqy_graphql.transport.responses import error_response

Read: TypeAlias = Callable[[], Awaitable[Iterable[Reading]]]


def metrics_route(metrics: RequestMetrics, read: Read, gate: Gate) -> Route:
    """`/metrics`: what was counted, and what `read` reads at this moment. For Husqy itself."""

    async def answer(request: Request) -> Response:
        try:
            require_service((await gate.caller(request)).actor)
        except CodedError as error:
            return error_response(error)
        scrape = _Scrape(metrics.registry, list(await read()))
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(scrape), media_type=content_type)

    return Route("/metrics", answer)


@dataclass(frozen=True, slots=True)
class _Scrape:
    """What the encoders take for a registry."""

    registry: CollectorRegistry
    readings: list[Reading]

    def collect(self) -> Iterator[Metric]:
        yield from self.registry.collect()
        families: dict[str, Metric] = {}
        for reading in self.readings:
            labels = list(reading.labels)
            if reading.name not in families:
                make = CounterMetricFamily if reading.counter else GaugeMetricFamily
                families[reading.name] = make(reading.name, reading.help, labels=labels)
            family: Any = families[reading.name]
            family.add_metric(list(reading.labels.values()), reading.value)
        yield from families.values()
