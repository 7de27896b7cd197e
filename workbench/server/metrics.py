"""What the endpoint does, as numbers for Prometheus, in a registry of their own.

Labels are routes of the application, statuses and models that are served, so that there is never one more for
each client or mistake.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workbench.events import Event, Finished, Prefill, Usage
from workbench.server.pool.model_pool import ModelPool

_FIRST = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_GAPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """`routes` names the path of each endpoint."""

    def __init__(self, models: ModelPool, routes: Mapping[Callable[..., Any], str]) -> None:
        self.routes = routes
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "workbench_requests",
            "Requests that were answered.",
            ("route", "status", "model"),
            registry=registry,
        )
        self._prompt = _tokens("prompt", "Tokens of prompts.", registry)
        self._cached = _tokens("cached_prompt", "Tokens of prompts that needed no computation.", registry)
        self._completion = _tokens("completion", "Tokens of answers, what was thought among them.", registry)
        self._drafted = _tokens("drafted", "Tokens that were guessed ahead of answers.", registry)
        self._accepted = _tokens("accepted_draft", "Those of them that became part of answers.", registry)
        self._first = Histogram(
            "workbench_time_to_first_token_seconds",
            "From when a model was asked until the first piece of its answer.",
            ("model",),
            buckets=_FIRST,
            registry=registry,
        )
        self._gap = Histogram(
            "workbench_token_gap_seconds",
            "From one piece of an answer to the next.",
            ("model",),
            buckets=_GAPS,
            registry=registry,
        )
        registry.register(PoolCollector(models))
        models.watch = self

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)

    def embedded(self, model: str, prompt_tokens: int) -> None:
        self._prompt.labels(model).inc(prompt_tokens)

    async def answering(self, model: str, events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
        """The events as they are; an answer that is broken off counts as far as it came."""
        usage = Usage()
        last, first = time.perf_counter(), True
        try:
            async with aclosing(events):
                async for event in events:
                    now = time.perf_counter()
                    match event:
                        case Prefill(_, total, cached):
                            usage = Usage(total, cached)
                        case Finished():
                            usage = event.usage
                        case _:
                            usage = Usage(
                                usage.prompt_tokens,
                                usage.cached_tokens,
                                usage.completion_tokens + event.tokens,
                            )
                            (self._first if first else self._gap).labels(model).observe(now - last)
                            last, first = now, False
                    yield event
        finally:
            self._prompt.labels(model).inc(usage.prompt_tokens)
            self._cached.labels(model).inc(usage.cached_tokens)
            self._completion.labels(model).inc(usage.completion_tokens)
            self._drafted.labels(model).inc(usage.drafted_tokens)
            self._accepted.labels(model).inc(usage.accepted_tokens)


class PoolCollector(Collector):
    """How the models are when somebody looks."""

    def __init__(self, models: ModelPool) -> None:
        self._models = models

    def collect(self) -> Iterator[Metric]:
        loaded = _gauge("model_loaded", "1 for a model that is loaded.")
        running = _gauge("answers_running", "Answers that a model gives now.")
        waiting = _gauge("answers_waiting", "Answers that wait for a model, or for a place in it.")
        for name in self._models.names:
            model = self._models.model(name)
            facts = self._models.facts(name)
            places = facts.parallel if facts else 0
            loaded.add_metric((name,), float(facts is not None))
            running.add_metric((name,), min(model.users, places))
            waiting.add_metric((name,), max(0, model.users - places) + model.waiting)
        yield from (loaded, running, waiting)


def _tokens(kind: str, told: str, registry: CollectorRegistry) -> Counter:
    return Counter(f"workbench_{kind}_tokens", told, ("model",), registry=registry)


def _gauge(name: str, told: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"workbench_{name}", told, labels=("model",))
