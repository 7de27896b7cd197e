"""The body of POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.conversation import Conversation
from workbench.openai_dialect.chat_message import ChatMessage, to_conversation
from workbench.openai_dialect.chat_reply import ChatReply
from workbench.openai_dialect.generation_request import GenerationRequest, TokenLimit, TopLogprobs
from workbench.openai_dialect.parameter_errors import InvalidParameter


class ChatRequest(GenerationRequest, kw_only=True):
    """A conversation to be continued by the assistant."""

    messages: list[ChatMessage]
    max_completion_tokens: TokenLimit | None = None
    logprobs: bool | None = None
    top_logprobs: TopLogprobs | None = None

    def prompts(self) -> list[Conversation]:
        return [to_conversation(self.messages)]

    def token_limit(self) -> int | None:
        if self.max_tokens is not None and self.max_completion_tokens is not None:
            raise InvalidParameter(
                "max_tokens and max_completion_tokens are both given.",
                "Send max_completion_tokens alone.",
                "max_tokens",
            )
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    def logprob_count(self) -> int | None:
        if self.logprobs:
            return self.top_logprobs or 0
        if self.top_logprobs is not None:
            raise InvalidParameter(
                "top_logprobs is given, but logprobs is not true.", "Set logprobs to true.", "top_logprobs"
            )
        return None

    def reply(self, fingerprint: str, preface: Sequence[str]) -> ChatReply:
        return ChatReply(self.model, fingerprint, self.choices_per_prompt, include_usage=self.include_usage)
