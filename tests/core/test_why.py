"""Where the time goes, beside what the machine can do, and what is suggested."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from workbench.backend import ModelFacts, Provider
from workbench.benchmark.account import Account, Line, Timed, reading, within, writing
from workbench.benchmark.ceilings import Ceiling, Ceilings, ceilings
from workbench.benchmark.suggestions import (
    Suggestion,
    Trial,
    by_card,
    by_drafts,
    by_fewer_bits,
    by_less_context,
    by_trials,
    ranked,
)
from workbench.benchmark.why import Subject, explain
from workbench.engine_profile import EngineProfile, Kernel, Part, PassProfile, ProfileRequest, WorkKind
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.events import Event, Finished, Timings, Usage
from workbench.generation import Generation
from workbench.machine import Machine, machine
from workbench.machine.gpus import Gpu
from workbench.ports import Profiler

GB = 10**9


def part(kind: WorkKind, name: str, seconds: float, size: float = 0, operations: float = 0) -> Part:
    return Part(
        kind=kind, type=name, place="CPU", seconds=seconds, bytes_read=int(size), operations=int(operations)
    )


def kernel(name: str, gigabytes: float, gigaflops: float, bits: float) -> Kernel:
    return Kernel(
        type=name,
        place="CPU",
        bytes_per_second=gigabytes * GB,
        operations_per_second=gigaflops * GB,
        bits=bits,
    )


WRITE = PassProfile(
    tokens=1,
    seconds=0.1,
    parts=(
        part("weights", "F16", 0.08, 1.6 * GB, 1.6 * GB),
        part("attention", "F16", 0.015, 0.1 * GB),
        part("other", "", 0.005),
    ),
)
READ = PassProfile(
    tokens=100,
    seconds=2.0,
    parts=(part("weights", "F16", 1.6, 1.6 * GB, 160 * GB), part("other", "", 0.4)),
)
KERNELS = (
    kernel("F16", 20, 200, 16),
    kernel("Q8_0", 20, 150, 8.5),
    kernel("Q4_K", 20, 100, 4.5),
    kernel("Q3_K", 10, 90, 3.44),
)
PROFILE = EngineProfile(
    threads=2, write=WRITE, read=READ, sampling_seconds=0.001, disk_reads=0, kernels=KERNELS
)
LIMITS = Ceilings({"CPU": Ceiling(25 * GB, "measured")}, KERNELS)


def written(depth: int = 0) -> Account:
    return writing(WRITE, Timed(bare=0.102, whole=0.104), 0.001, depth, LIMITS)


def read() -> Account:
    return reading(READ, Timed(bare=2.1, whole=2.2), 1e-6, 0, LIMITS)


def test_the_lines_of_writing_add_up_to_a_whole_token() -> None:
    account = written()
    assert account.seconds == pytest.approx(0.104 + 0.001)
    assert sum(account.share(line) for line in account.lines) == pytest.approx(1)
    assert [round(line.seconds, 6) for line in account.lines] == [0.08, 0.015, 0.005, 0.002, 0.001, 0.002]


def test_the_lines_of_reading_are_for_each_token_and_add_up_to_the_request() -> None:
    account = read()
    assert account.seconds * 100 == pytest.approx(2.2 + 100e-6)
    weights = account.lines[0]
    assert weights.per_second == pytest.approx(100 * GB)
    assert weights.of_ceiling == pytest.approx(0.5)


def test_what_is_read_is_held_against_what_memory_delivers() -> None:
    weights, attention, *others = written().lines
    assert weights.per_second == pytest.approx(20 * GB)
    assert weights.of_ceiling == pytest.approx(0.8)
    assert attention.of_ceiling == pytest.approx(0.1 / 0.015 / 25)
    assert all(line.per_second is None and line.of_ceiling is None for line in others)


def test_watching_never_makes_a_pass_longer() -> None:
    shorter = within(WRITE, 0.05)
    assert sum(one.seconds for one in shorter.parts) == pytest.approx(shorter.seconds) == pytest.approx(0.05)
    assert within(WRITE, 0.2) == WRITE


def test_a_kernel_that_reads_faster_raises_the_ceiling() -> None:
    seen = Ceilings(LIMITS.memory, (kernel("F16", 40, 1, 16),))
    assert seen.reading("CPU") == Ceiling(40 * GB, "measured")
    assert LIMITS.reading("CPU") == Ceiling(25 * GB, "measured")
    assert LIMITS.reading("CUDA0") is None


def test_cards_are_as_their_data_sheets_say() -> None:
    cards = (Gpu(name="One", api="cuda", bandwidth=5e11), Gpu(name="Two", api="cuda", bandwidth=9e11))
    on_card = replace(WRITE, parts=(replace(WRITE.parts[0], place="CUDA1"),))
    found = ceilings(replace(PROFILE, write=on_card, kernels=()), with_cards(*cards))
    assert found.reading("CUDA1") == Ceiling(9e11, "published")
    main = found.reading("CPU")
    assert main is not None and main.basis == "measured" and main.per_second > 1e8


def with_cards(*cards: Gpu) -> Machine:
    return replace(machine(), gpus=cards, ram_free=300 << 20)


def test_fewer_bits_are_predicted_from_the_kernels() -> None:
    (found,) = by_fewer_bits(PROFILE, written(), read(), LIMITS)
    saved = 0.08 * (1 - 4.5 / 16)
    assert found.gain == pytest.approx(0.105 / (0.105 - saved))
    assert found.text.startswith("Take the model in Q4_K_M") and "read 0.58 times as fast" in found.text
    assert found.basis == "predicted" and not found.exact


def test_types_of_more_bits_and_the_type_that_it_has_are_not_suggested() -> None:
    small = tuple(one for one in KERNELS if one.type in ("Q8_0", "F16"))
    parts = (replace(WRITE.parts[0], type="Q4_K"), *WRITE.parts[1:])
    profile = replace(PROFILE, write=replace(WRITE, parts=parts), kernels=(*small, KERNELS[2]))
    assert list(by_fewer_bits(profile, written(), read(), Ceilings({}, profile.kernels))) == []


def test_drafts_pay_from_where_a_step_brings_more_than_it_costs() -> None:
    (found,) = by_drafts(WRITE, 0.1, 0.15)
    assert "1.5 times as long" in found.text and "more than 35% are right" in found.text
    assert found.gain == pytest.approx((1 + 0.7 + 0.49 + 0.343) / 1.5)
    recurrent = replace(WRITE, parts=(*WRITE.parts, part("state", "", 0.01)))
    assert list(by_drafts(recurrent, 0.1, 0.15)) == list(by_drafts(WRITE, 0.1, 0.5)) == []


def test_a_shorter_context_is_suggested_where_looking_back_takes_long() -> None:
    assert list(by_less_context(written(depth=0))) == []
    (found,) = by_less_context(
        replace(written(depth=4096), lines=(Line(name="", kind="attention", seconds=1.0),))
    )
    assert found.gain == pytest.approx(2) and "4,096 tokens" in found.text


def test_a_card_is_suggested_for_weights_that_the_processor_reads() -> None:
    (found,) = by_card(WRITE, written(), with_cards(Gpu(name="Big", bandwidth=1700e9)))
    assert found.basis == "published" and found.gain == pytest.approx(0.105 / (0.105 - 0.095 + 0.001))
    assert list(by_card(WRITE, written(), with_cards())) == []


def test_what_was_tried_counts_only_where_writing_is_no_slower() -> None:
    trials = [
        Trial(option="--threads 4", write=1.3, read=1.0),
        Trial(option="--flash-attention off", write=0.8, read=2.0),
        Trial(option="--kv-type q8_0", write=1.0, read=1.2, exact=False),
    ]
    assert [(one.option, one.gain) for one in by_trials(trials)] == [
        ("--threads 4", 1.3),
        ("--kv-type q8_0", 1.2),
    ]


def test_the_most_promising_come_first_and_small_gains_not_at_all() -> None:
    gains = {"a": 1.02, "b": 1.5, "c": 1.1, "d": 1.2, "e": 1.3}
    found = ranked([Suggestion(text=text, gain=gain, basis="measured") for text, gain in gains.items()])
    assert [one.text for one in found] == ["b", "e", "d"]
    lossy = Suggestion(text="lossy", gain=1.35, basis="measured", exact=False)
    exact = Suggestion(text="exact", gain=1.3, basis="measured")
    hoped = Suggestion(text="hoped", gain=2, basis="predicted", certain=False)
    assert [one.text for one in ranked([hoped, lossy, exact])] == ["exact", "lossy", "hoped"]


class Profiles(Profiler):
    """Found the same in every model."""

    def profile(self, request: ProfileRequest, progress: Callable[[str], None]) -> EngineProfile:
        progress("looking")
        return PROFILE


class Clockwork(Provider):
    """Writes twice as fast without flash attention, and refuses a smaller cache."""

    def __init__(self, settings: EngineSettings) -> None:
        if settings.kv_type_v != "f16":
            raise InvalidRequest("No.", "Leave it out.")
        self._factor = 0.5 if settings.flash_attention == "off" else 1.0
        self.facts = ModelFacts(
            architecture="timed", context_length=4096, trained_context=4096, parallel=1, vocabulary_size=1000
        )

    async def time_passes(self, held: tuple[int, ...], tokens: tuple[int, ...], *, together: bool) -> float:
        return (0.01 if together else 0.05 * self._factor) * len(tokens)

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        prompt, count = generation.prompt, generation.max_tokens
        assert isinstance(prompt, tuple) and count is not None
        usage = Usage(len(prompt), cached_tokens=0, completion_tokens=count)
        yield Finished("length", usage, Timings(0.03 * len(prompt), 0.11 * (count - 1)))

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return [1] * len(text)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return "x" * len(tokens)

    async def close(self) -> None:
        pass


@asynccontextmanager
async def opening(settings: EngineSettings) -> AsyncIterator[Provider]:
    yield Clockwork(settings)


async def test_what_is_tried_is_measured_and_what_is_refused_is_left_out() -> None:
    told: list[str] = []
    here = replace(with_cards(), physical_cores=2, logical_cores=2)
    subject = Subject(path="x", settings=EngineSettings(), depth=0, prompt=0)
    found = await explain(subject, opening, Profiles(), here, told.append)
    assert [text for text in told if text.startswith("trying")] == [
        "trying --flash-attention off",
        "trying --kv-type q8_0",
        "trying the settings as they are",
    ]
    assert [(one.option, round(one.gain, 6)) for one in found.suggestions if one.basis == "measured"] == [
        ("--flash-attention off", 2.0)
    ]
    writing, reading = found.accounts
    assert writing.seconds == pytest.approx(0.11 + PROFILE.sampling_seconds)
    assert sum(line.seconds for line in writing.lines if line.kind) == pytest.approx(0.05)
    assert (reading.together, found.bare_seconds) == (READ.tokens, pytest.approx(0.05))
