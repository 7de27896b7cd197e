"""What a server was found to take: learned from its refusals and kept for all later requests to it.

What only tunes an answer is left out where it is refused, and told. What an answer must have is never left
out: then the request fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from workbench.openai_client.failures import Refused

_NEEDED = frozenset(
    (
        *("model", "messages", "prompt", "input", "stream", "stop", "tools", "tool_choice"),
        *("response_format", "json_schema", "grammar", "regex", "structured_outputs", "guided_regex"),
        *("guided_grammar", "logprobs", "top_logprobs", "continue_final_message", "add_generation_prompt"),
    )
)
"""What an answer cannot do without."""
_OURS = frozenset(("stream_options", "verbose", "response_fields", "timings_per_token"))
"""What nobody asked for: it is for the account of the answer."""
_STANDARD = frozenset(
    (
        *(
            "temperature",
            "top_p",
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "seed",
            "max_tokens",
        ),
        *("max_completion_tokens", "parallel_tool_calls", "reasoning_effort", "stream_options"),
    )
)
_PARTS = {"reasoning_content": "messages"}
"""Members of messages that are left out like parameters."""
_ONE_OF = ({"repeat_penalty", "repetition_penalty"}, {"enable_thinking", "chat_template_kwargs"})
"""Names that servers have for one thing. All are sent, and one of them is enough."""


@dataclass(slots=True)
class Manner:
    """One server's.

    Attributes:
        left_out: Names that it refused.
        renames_limit: It wants the limit of an answer under its newer name.
        tells_stops: It tells which stop string was met, when it is asked for more words.
        ways: How it is told what an answer must look like, by the kind of form, where that is known.
    """

    left_out: set[str] = field(default_factory=set)
    renames_limit: bool = False
    tells_stops: bool = False
    ways: dict[str, str] = field(default_factory=dict)

    def applied(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as this server takes it."""
        body = {name: value for name, value in body.items() if name not in self.left_out}
        if self.renames_limit and "max_tokens" in body and "messages" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        for member, holder in _PARTS.items():
            if member in self.left_out and holder in body:
                body[holder] = [_without(one, member) for one in body[holder]]
        return body

    def learn(self, refused: Refused, body: dict[str, Any]) -> bool:
        """Whether the body is another one from now on, so that asking again may help."""
        if not refused.not_taken:
            return False
        if "max_tokens" in body and not self.renames_limit and _names(refused, "max_tokens"):
            self.renames_limit = True
            return True
        known = {name for name in body if name not in _NEEDED} | {
            member for member, holder in _PARTS.items() if any(member in one for one in body.get(holder, ()))
        }
        named = {name for name in known if _names(refused, name)}
        if (
            not named
            and refused.about_parameters
            and not any(_names(refused, name) for name in _NEEDED & body.keys())
        ):
            named = known - _STANDARD
        named -= self.left_out
        self.left_out |= named
        return bool(named)

    def missing(self, wished: set[str]) -> list[str]:
        """Of what was wished for, what the server does not get under any name."""
        gone = (wished & self.left_out) - _OURS
        for names in _ONE_OF:
            if names & wished and not names & wished <= self.left_out:
                gone -= names
        return sorted(gone)


def _names(refused: Refused, name: str) -> bool:
    if any(re.split(r"[.\[]", named)[0] == name or named.endswith(name) for named in refused.said.named):
        return True
    return bool(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", refused.said.message))


def _without(message: Any, member: str) -> Any:
    return {name: value for name, value in message.items() if name != member}
