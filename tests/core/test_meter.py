"""The meter against a clock that is set by hand."""

from __future__ import annotations

from workbench.chat.meter import Meter
from workbench.events import Finished, Prefill, TextDelta, Timings, Usage


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_before_the_first_token_it_shows_the_prompt_being_read() -> None:
    meter = Meter(64, Clock())
    meter.take(Prefill(10, 30, 0))
    reading = meter.reading()
    assert (reading.prompt_done, reading.prompt_tokens, reading.time_to_first_token) == (10, 30, None)


def test_while_it_runs_it_measures_from_the_first_text() -> None:
    clock = Clock()
    meter = Meter(64, clock)
    meter.take(Prefill(30, 30, 0))
    clock.now += 2
    meter.take(TextDelta("ab", 2))
    assert meter.reading().tokens_per_second is None
    clock.now += 4
    meter.take(TextDelta("c", 1))
    reading = meter.reading()
    assert reading.time_to_first_token == 2
    assert reading.tokens_per_second == 1 / 4
    assert reading.context_used == 33


def test_at_the_end_the_engines_own_numbers_count() -> None:
    meter = Meter(64, Clock())
    meter.take(TextDelta("abc", 3))
    meter.take(Finished("stop", Usage(20, 0, 5), Timings(0.5, 2.0)))
    reading = meter.reading()
    assert (reading.time_to_first_token, reading.tokens_per_second, reading.context_used) == (0.5, 2.0, 25)
