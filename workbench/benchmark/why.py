"""Finds out why a model is as fast as it is: measures around the engine, looks into it, and tries settings.

The model is opened once for each setting that is tried, one after the other. Knows nothing of tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace

from workbench.backend import Provider
from workbench.benchmark import account
from workbench.benchmark.account import Account
from workbench.benchmark.around import WRITTEN, Around, OpenModel
from workbench.benchmark.ceilings import ceilings
from workbench.benchmark.suggestions import (
    DRAFTED,
    FILE_TYPES,
    Suggestion,
    Trial,
    by_card,
    by_drafts,
    by_fewer_bits,
    by_less_context,
    by_trials,
    ranked,
)
from workbench.engine_profile import EngineProfile, ProfileRequest
from workbench.engine_settings import EngineSettings, FlashAttention
from workbench.errors import WorkbenchError
from workbench.machine import Machine
from workbench.ports import Profiler

Opening = Callable[[EngineSettings], AbstractAsyncContextManager[Provider]]
Progress = Callable[[str], None]
_MATTERS = 0.08
"""The share of a token's time from which a setting that changes it is tried."""
_USUAL_PROMPT = 512
_CONTEXT_STEP = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is looked into: a model's file as it is loaded, after `depth` tokens, with prompts of so many.

    A prompt is what one pass takes at most, and 0 stands for a usual one.
    """

    path: str
    settings: EngineSettings
    depth: int
    prompt: int

    def with_room(self) -> Subject:
        prompt = min(self.prompt or _USUAL_PROMPT, self.settings.micro_batch)
        needed = self.depth + max(prompt, WRITTEN) + 2 + DRAFTED
        length = max(self.settings.context_length or 0, -(-needed // _CONTEXT_STEP) * _CONTEXT_STEP)
        return replace(self, prompt=prompt, settings=replace(self.settings, context_length=length))


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where the time goes, what to change first, and in sentences what else is worth knowing.

    `bare_seconds` is what a token took to write by passes alone.
    """

    accounts: tuple[Account, ...]
    suggestions: tuple[Suggestion, ...]
    notes: tuple[str, ...]
    bare_seconds: float


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Settings that may be faster, and how they are asked for."""

    option: str
    settings: EngineSettings
    exact: bool = True


async def explain(
    subject: Subject, opening: Opening, profiler: Profiler, here: Machine, progress: Progress
) -> Explanation:
    """Raises what opening the model raises, and Unsupported where its passes cannot be timed."""
    subject = subject.with_room()
    progress("measuring around the engine")
    async with opening(subject.settings) as provider:
        around = await OpenModel(provider, subject.depth, subject.prompt).around()
    request = ProfileRequest(
        model=subject.path,
        settings=subject.settings,
        depth=subject.depth,
        prompt=subject.prompt,
        types=tuple(FILE_TYPES),
    )
    found = await asyncio.to_thread(profiler.profile, request, progress)
    limits = await asyncio.to_thread(ceilings, found, here)
    found = replace(
        found,
        write=account.within(found.write, around.write.bare),
        read=account.within(found.read, around.read.bare),
    )
    write = account.writing(found.write, around.write, found.sampling_seconds, subject.depth, limits)
    read = account.reading(found.read, around.read, around.tokenizing, subject.depth, limits)
    trials = await _tried(subject, list(_attempts(subject, found, here)), around, opening, progress)
    drafted = subject.settings.usual_speculation != "off"
    suggestions = (
        *by_trials(trials),
        *by_fewer_bits(found, write, read, limits),
        *(() if drafted else by_drafts(found.write, around.write.bare, around.checking)),
        *by_less_context(write),
        *by_card(found.write, write, here),
    )
    return Explanation(
        accounts=(write, read),
        suggestions=ranked(suggestions),
        notes=tuple(_notes(found, here)),
        bare_seconds=around.write.bare,
    )


def _attempts(subject: Subject, found: EngineProfile, here: Machine) -> Iterator[_Attempt]:
    """Settings that touch what takes a good part of the time."""
    settings, parts = subject.settings, found.write.parts
    on_processor = sum(part.seconds for part in parts if part.place == "CPU")
    attention = sum(part.seconds for part in parts if part.kind == "attention")
    if on_processor > found.write.seconds / 2:
        for threads in {here.physical_cores, here.logical_cores} - {found.threads}:
            yield _Attempt(f"--threads {threads}", replace(settings, threads=threads))
    if attention < _MATTERS * found.write.seconds:
        return
    plain = settings.kv_type_k == settings.kv_type_v == "f16"
    other: FlashAttention = "on" if settings.flash_attention == "off" else "off"
    if plain:
        yield _Attempt(f"--flash-attention {other}", replace(settings, flash_attention=other))
    if plain and settings.flash_attention != "off":
        small = replace(settings, kv_type_k="q8_0", kv_type_v="q8_0")
        yield _Attempt("--kv-type q8_0", small, exact=False)


async def _tried(
    subject: Subject, attempts: list[_Attempt], around: Around, opening: Opening, progress: Progress
) -> list[Trial]:
    """Beside what is used now, measured before and after; the faster of the two counts.

    What the engine refuses for this model is left out.
    """
    speeds: list[tuple[_Attempt, float, float]] = []
    for attempt in attempts:
        progress(f"trying {attempt.option}")
        with suppress(WorkbenchError):
            speeds.append((attempt, *await _bare(subject, attempt.settings, opening)))
    if not speeds:
        return []
    progress("trying the settings as they are")
    write, read = await _bare(subject, subject.settings, opening)
    write, read = min(around.write.bare, write), min(around.read.bare, read)
    return [
        Trial(option=attempt.option, write=write / written, read=read / taken, exact=attempt.exact)
        for attempt, written, taken in speeds
    ]


async def _bare(subject: Subject, settings: EngineSettings, opening: Opening) -> tuple[float, float]:
    async with opening(settings) as provider:
        return await OpenModel(provider, subject.depth, subject.prompt).bare()


def _notes(found: EngineProfile, here: Machine) -> Iterator[str]:
    yield f"The engine computes with {found.threads} threads, on {here.physical_cores} whole cores."
    if found.disk_reads:
        yield (
            f"Each token brought {found.disk_reads:.0f} pages from the disk: the model does not stay in "
            "memory, and that is slow."
        )
