"""What an opened model says of itself. Knows nothing of engines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from workbench.errors import Unsupported

Capability = Literal["generate", "embed", "rank", "logprobs", "constrain", "vision", "audio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What an opened model says of itself.

    Attributes:
        context_length: Tokens one request may use, prompt and answer together; 0 where unknown.
        trained_context: Tokens the model was trained for; 0 where unknown, and so vocabulary_size.
        parameters: Number of weights; size_bytes is their size as stored. 0 where unknown.
        capabilities: What it can do; anything else is refused with Unsupported.
        embedding_length: Numbers in each of its vectors; 0 where it makes none.
        tool_template: Stands in for its chat_template in conversations with tools, where it has one for them.
        special_tokens: Texts that its own chat_template, in Jinja, may name: {"bos_token": "<s>"}.
        own_tokens: Tokens that stand for themselves and not for text, by name: {"<|im_end|>": 2}.
        first_token: The token that the model begins each text with, where it has one.
        end_tokens: The tokens that end an answer.
        placement: Where the weights are, in words, such as "CPU" or "20 of 33 layers on CUDA0".
        notices: Things done that were not asked for in so many words; shown to the user.
    """

    architecture: str
    context_length: int
    trained_context: int
    parallel: int
    vocabulary_size: int
    parameters: int = 0
    size_bytes: int = 0
    quantization: str = ""
    capabilities: frozenset[Capability] = frozenset({"generate"})
    embedding_length: int = 0
    chat_template: str | None = None
    tool_template: str | None = None
    special_tokens: dict[str, str] = field(default_factory=dict)
    own_tokens: dict[str, int] = field(default_factory=dict)
    first_token: int | None = None
    end_tokens: frozenset[int] = frozenset()
    placement: str = "CPU"
    notices: tuple[str, ...] = ()

    @property
    def known_context(self) -> int:
        """The context's length. Raises Unsupported where it is unknown."""
        if not self.context_length:
            raise Unsupported(
                "The server of this model does not tell how long its context is.", "Leave context_policy out."
            )
        return self.context_length
