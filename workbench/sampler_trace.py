"""How sampling settings move the probabilities of the next token. Plain values; knows no engine."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.sampling import SamplingSettings

_SETTINGS = {
    "penalties": ("repeat_penalty", "frequency_penalty", "presence_penalty"),
    "dry": ("dry_multiplier",),
    "top-k": ("top_k",),
    "typical-p": ("typical_p",),
    "top-p": ("top_p",),
    "min-p": ("min_p",),
    "xtc": ("xtc_probability", "xtc_threshold"),
    "temperature": ("temperature",),
    "mirostat": ("mirostat_tau", "mirostat_eta"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest:
    """What an engine's sampler chain makes of the token after a prompt.

    Attributes:
        top: How many of the likeliest tokens to tell of, by the model and by what is left in the end.
        draws: How often to draw one, each time as for an answer of its own.
    """

    id: int
    prompt: tuple[int, ...]
    sampling: SamplingSettings
    top: int = 10
    draws: int = 0


@dataclass(frozen=True, slots=True)
class TracedToken:
    """A token, its bytes or its name, and how often it was drawn."""

    token: int
    piece: bytes
    drawn: int = 0


@dataclass(frozen=True, slots=True)
class TraceStep:
    """The state after one sampler of the chain, or at first as the model has it.

    Attributes:
        sampler: Its name, such as "top-k"; "model" for the first.
        remaining: How many tokens can still be drawn.
        probabilities: Of each of the trace's tokens, 0 for those that are out. They are means where a sampler
            itself acts by chance.
    """

    sampler: str
    remaining: int
    probabilities: tuple[float, ...]


def label(step: TraceStep, sampling: SamplingSettings) -> str:
    """The sampler's name with the settings that it follows, such as "top-k 40"."""
    names = _SETTINGS.get(step.sampler, ())
    return " ".join((step.sampler, "/".join(f"{getattr(sampling, name):g}" for name in names))).strip()


@dataclass(frozen=True, slots=True)
class SamplerTrace:
    """The likeliest tokens, in the end the likeliest first, and the steps in the order of the engine's chain.

    `draws` counts all that were drawn, also those of tokens that are not told of.
    """

    tokens: tuple[TracedToken, ...]
    steps: tuple[TraceStep, ...]
    draws: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Traced:
    """The one event of a TraceRequest."""

    request_id: int
    trace: SamplerTrace
