"""The knobs that may serve an aim on a machine, the most promising first.

What a person has chosen is no knob any more. Knows no speed; whether a choice fits is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.engine_settings import EngineSettings
from workbench.planning.flags import flags
from workbench.tuning.aim import Aim
from workbench.tuning.knob import Choice, Knob

_MICRO_BATCHES = (64, 128, 256, 512, 1024, 2048, 4096)
_SMALLER_CACHES = ("q8_0", "q4_0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What there is to choose from.

    Attributes:
        cores: Physical ones that may be used, which is how many threads there usually are.
        logical_cores: Their hardware threads.
        prompt_tokens: The length of the prompts that are measured; larger micro-batches make no difference.
        divisions: Ways to divide the model over the devices, the planned one first; none without a GPU.
        draft: The path of a model that could draft.
        lossy: Whether to try what changes answers.
    """

    cores: int
    logical_cores: int
    prompt_tokens: int
    performance_cores: int | None = None
    divisions: tuple[EngineSettings, ...] = ()
    draft: str | None = None
    lossy: bool = False


def knobs(aim: Aim, asked: EngineSettings, situation: Situation) -> tuple[Knob, ...]:
    """Those with more than one choice, for a person who has asked for these settings."""
    found = [
        _placement(asked, situation),
        _threads(aim, asked, situation),
        _micro_batch(asked, situation) if aim.kind != "generation" else None,
        _flash_attention(asked),
        _speculation(asked, situation) if aim.kind != "prompt" else None,
        _kv_type(asked) if situation.lossy else None,
    ]
    return tuple(knob for knob in found if knob is not None and len(knob.choices) > 1)


def _placement(asked: EngineSettings, situation: Situation) -> Knob | None:
    given = ("gpu_layers", "experts_on_cpu", "tensor_overrides", "split", "devices", "rpc_servers")
    if not _open(asked, *given):
        return None
    fields = ("gpu_layers", "experts_on_cpu", "split")
    ways = dict.fromkeys(tuple(getattr(one, name) for name in fields) for one in situation.divisions)
    usual = EngineSettings()
    choices = []
    for way in ways:
        values = dict(zip(fields, way, strict=True))
        choice = Choice("", values)
        label = flags(choice.applied(usual), usual) or "all on the GPU"
        choices.append(Choice(label, values))
    return Knob("placement", tuple(choices)) if choices else None


def _threads(aim: Aim, asked: EngineSettings, situation: Situation) -> Knob | None:
    """Threads for prompts stay what they were where only those for answers are tried, and the reverse.

    Several answers at once are computed by the threads for prompts.
    """
    if not _open(asked, "threads", "threads_batch"):
        return None
    name, beside = {
        "generation": ("threads", {"threads_batch": situation.cores}),
        "prompt": ("threads_batch", {}),
        "serving": ("threads", {}),
    }[aim.kind]
    others = [
        Choice(str(count), {"threads": None, "threads_batch": None, **beside, name: count})
        for count in _counts(situation)
    ]
    return Knob("threads", (Choice(str(situation.cores), {"threads": None, "threads_batch": None}), *others))


def _counts(situation: Situation) -> Iterator[int]:
    """Numbers of threads other than the usual one, the nearest first."""
    cores, logical = situation.cores, situation.logical_cores
    ladder = {2**power for power in range(logical.bit_length())}
    near = {cores - 1, cores * 3 // 4, (cores + logical) // 2, logical, situation.performance_cores or cores}
    tried = {count for count in ladder | near if 1 <= count <= logical} - {cores}
    yield from sorted(tried, key=lambda count: abs(count - cores))


def _micro_batch(asked: EngineSettings, situation: Situation) -> Knob | None:
    if not _open(asked, "micro_batch"):
        return None
    sizes = [asked.micro_batch, *(size for size in _MICRO_BATCHES if size != asked.micro_batch)]
    useful = [size for size in sizes if size <= max(situation.prompt_tokens, asked.micro_batch)]
    return Knob("micro-batch", tuple(Choice(str(size), {"micro_batch": size}) for size in useful))


def _flash_attention(asked: EngineSettings) -> Knob | None:
    """The engine's own choice is "on" wherever the devices can."""
    if not _open(asked, "flash_attention"):
        return None
    return Knob("flash attention", tuple(Choice(one, {"flash_attention": one}) for one in ("auto", "off")))


def _speculation(asked: EngineSettings, situation: Situation) -> Knob | None:
    if not _open(asked, "speculation", "draft"):
        return None
    choices = [
        Choice("off", {"speculation": None, "draft": None}),
        Choice("ngram", {"speculation": "ngram", "draft": None}),
    ]
    if situation.draft is not None:
        choices.append(Choice("draft model", {"speculation": None, "draft": situation.draft}))
    return Knob("speculation", tuple(choices))


def _kv_type(asked: EngineSettings) -> Knob | None:
    if not _open(asked, "kv_type_k", "kv_type_v"):
        return None
    kinds = (asked.kv_type_k, *_SMALLER_CACHES)
    choices = tuple(Choice(kind, {"kv_type_k": kind, "kv_type_v": kind}) for kind in kinds)
    return Knob("KV type", choices, lossy=True)


def _open(asked: EngineSettings, *names: str) -> bool:
    return all(asked.leaves_open(name) for name in names)
