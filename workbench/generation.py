"""What a Provider is asked for: what to continue, how to draw, and when to end.

Plain values. Knows no engine and no wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from workbench.constraint import Constraint
from workbench.conversation import Conversation
from workbench.engine_settings import Speculation
from workbench.sampling import SamplingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """Which of the conversation's tools the answer calls.

    Attributes:
        choice: "auto" leaves it to the model, "none" shows it no tools, "required" makes it call one.
        name: The one tool that it must call; "" for any. Goes with "required".
        parallel: Whether it may call several.
    """

    choice: Literal["auto", "none", "required"] = "auto"
    name: str = ""
    parallel: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """How a model that can think before it answers does so; None leaves it to the model's template.

    Attributes:
        enabled: Whether it thinks at all.
        effort: What templates call reasoning_effort, such as "low" or "high".
        budget: Tokens after which it has to answer.
    """

    enabled: bool | None = None
    effort: str | None = None
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One request to a Provider: a conversation, a raw text or raw tokens, and how to continue it.

    Attributes:
        constraint: What the answer, its reasoning apart, must look like.
        continues: The conversation ends with a part of an answer, which is gone on with.
        speculation: Where drafts of the answer come from; None leaves it to how the model was loaded.
        template_values: Further values for the model's chat template, by name.
    """

    prompt: Conversation | str | tuple[int, ...]
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    ignore_end: bool = False
    constraint: Constraint | None = None
    tool_use: ToolUse = field(default_factory=ToolUse)
    thinking: Thinking = field(default_factory=Thinking)
    continues: bool = False
    speculation: Speculation | None = None
    template_values: dict[str, object] = field(default_factory=dict)
