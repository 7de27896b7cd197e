"""How a model is loaded: context, memory, devices. One value for every engine and every interface.

A field that an engine cannot honour is refused by that engine with its reason, never ignored.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from workbench.errors import InvalidRequest, Unsupported

FlashAttention = Literal["auto", "on", "off"]
Pooling = Literal["mean", "cls", "last", "rank"]
Speculation = Literal["off", "ngram", "draft"]
"""Where drafts of an answer's next tokens come from: "ngram" the text before it, "draft" a second model."""

KV_TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")

DRAFT_ROWS = 16
"""Drafted tokens that one step checks at most, over all requests."""


@dataclass(frozen=True, slots=True)
class TensorOverride:
    """Put every tensor whose name matches the regular expression on the named buffer, such as CPU."""

    pattern: str
    buffer: str


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA adapter in GGUF form and how strongly it is applied."""

    path: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What a person may choose when a model is loaded.

    Attributes:
        context_length: Tokens that each request gets, prompt and answer together; None: the engine chooses.
        parallel: Requests that run at once.
        kv_type_k: Element type of the K cache, one of KV_TYPES; kv_type_v likewise for V.
        gpu_layers: Layers on the GPU, output layer included; None means as many as there are.
        experts_on_cpu: The first so many layers keep their expert tensors in RAM.
        split: Proportions of the model per device, empty for the engine's own choice.
        devices: Names of the devices to use, empty for all; rpc://HOST:PORT stands for a server's.
        rpc_servers: HOST:PORT of servers on other machines, whose devices are used beside those here.
        threads: CPU threads; None means the physical cores this process may use.
        threads_batch: CPU threads where several tokens are computed at once: in prompts, in answers to
            several requests, and in checking drafts; None: as many as `threads`.
        micro_batch: Tokens computed in one pass at most.
        pooling: How one vector is made of a text's tokens; None means as the model's file says.
        speculation: How answers are drafted, unless a request says otherwise; None: by the draft model where
            there is one.
        draft: The path of a smaller model with the same vocabulary, which drafts; None: there is none.
        prompt_cache_bytes: How much of the disk may keep computed prompts until they come again; 0: none.
        projector: The file that lets the model see or hear; None leaves it to whoever loads it, "" is none.
        projector_found: Nobody named it. Where it does not fit, the model is loaded without it, and says so.
        vocabulary_only: Load what turns text into tokens and back, and no weights; nothing can be generated.
        given: Names of the settings that a person chose, also where the value is the usual one. What was
            found to be fast on this machine takes the place of the others only.
    """

    context_length: int | None = None
    parallel: int = 1
    kv_type_k: str = "f16"
    kv_type_v: str = "f16"
    flash_attention: FlashAttention = "auto"
    gpu_layers: int | None = None
    experts_on_cpu: int = 0
    tensor_overrides: tuple[TensorOverride, ...] = ()
    split: tuple[float, ...] = ()
    devices: tuple[str, ...] = ()
    rpc_servers: tuple[str, ...] = ()
    threads: int | None = None
    threads_batch: int | None = None
    micro_batch: int = 512
    speculation: Speculation | None = None
    draft: str | None = None
    lora: tuple[Lora, ...] = ()
    pooling: Pooling | None = None
    prompt_cache_bytes: int = 0
    projector: str | None = None
    projector_found: bool = False
    vocabulary_only: bool = False
    given: frozenset[str] = field(default=frozenset(), compare=False)

    def leaves_open(self, name: str) -> bool:
        """Whether nobody chose that setting."""
        return name not in self.given and getattr(self, name) == getattr(_USUAL, name)

    @property
    def uses_other_machines(self) -> bool:
        return bool(self.rpc_servers) or any(name.startswith("rpc://") for name in self.devices)

    @property
    def output_rows(self) -> int:
        """Tokens whose logits one step may need: one of each request, and what is drafted."""
        return self.parallel + (DRAFT_ROWS if self.draft or self.usual_speculation != "off" else 0)

    @property
    def usual_speculation(self) -> Speculation:
        """How the answers are drafted to requests that do not say."""
        return self.speculation or ("draft" if self.draft else "off")

    def values(self) -> dict[str, Any]:
        """Every field but who gave it, for documents."""
        values = asdict(self)
        del values["given"]
        return values

    def refuse_all_but(self, honoured: AbstractSet[str], engine: str) -> None:
        """Raises Unsupported for any other setting that is not the usual one."""
        for one in fields(self):
            usual = not one.compare or getattr(self, one.name) == getattr(_USUAL, one.name)
            if not usual and one.name not in honoured:
                raise Unsupported(f"{engine} has no {one.name}.", "Leave that setting out.")

    def context_notices(self, length: int, trained: int) -> list[str]:
        """What a person is told of a context of so many tokens for a model trained for so many."""
        if length > trained:
            return [f"The context of {length} tokens is longer than the {trained} the model was trained for."]
        if self.context_length is None and length < trained:
            return [f"The context is {length} of the {trained} tokens the model was trained for."]
        return []

    def for_draft(self, context_length: int, trained_context: int | None) -> EngineSettings:
        """How the draft model is loaded beside one that gives each request so many tokens.

        It sees what the model sees, as far as it was trained to; where the model's layers go says nothing
        about the draft's, unless all are on the CPU.
        """
        return replace(
            self,
            context_length=min(context_length, trained_context or context_length),
            gpu_layers=0 if self.gpu_layers == 0 else None,
            experts_on_cpu=0,
            tensor_overrides=(),
            split=(),
            lora=(),
            pooling=None,
            projector=None,
            speculation=None,
            draft=None,
            prompt_cache_bytes=0,
        )

    def __post_init__(self) -> None:
        for name in ("context_length", "parallel", "threads", "threads_batch", "micro_batch"):
            value = getattr(self, name)
            if value is not None and not 1 <= value < 2**31:
                raise InvalidRequest(f"{name} is {value}.", f"Give {name} a whole number of at least 1.")
        for name in ("gpu_layers", "experts_on_cpu"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 2**31:
                raise InvalidRequest(f"{name} is {value}.", f"Give {name} a whole number of at least 0.")
        for kv_type in (self.kv_type_k, self.kv_type_v):
            if kv_type not in KV_TYPES:
                raise InvalidRequest(
                    f"{kv_type!r} is no KV cache type.", f"Choose one of {', '.join(KV_TYPES)}."
                )
        if self.speculation == "draft" and not self.draft:
            raise InvalidRequest("There is no model to draft with.", "Name a small one with --draft.")
        if any(not share >= 0 for share in self.split) or (self.split and not sum(self.split) > 0):
            raise InvalidRequest(
                f"The split {self.split} is no set of proportions.", "Give one share per device."
            )


_USUAL = EngineSettings()
