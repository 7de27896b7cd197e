"""The model that a data set is for, as its own file describes it: chat template, vocabulary, end tokens.

What a row becomes is asked of that file, and of no trainer: the text that its template writes, its tokens,
and which of them are trained. Neither weights nor an engine library are loaded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from workbench.backend import ModelFacts
from workbench.chat.prompting import facts_with
from workbench.chat.template import render
from workbench.conversation import Conversation
from workbench.datasets.target.generation_tags import with_tags
from workbench.datasets.target.mask import TokenizedRow, masked
from workbench.datasets.target.training_example import TrainingExample
from workbench.datasets.target.turns import Rendered, rendered
from workbench.datasets.target.vocabulary import Vocabulary
from workbench.errors import InvalidRequest, Unsupported
from workbench.models import locate

FROZEN_DATE = datetime(2026, 1, 1)
"""What templates that write today's date are told it is, so that the same rows give the same tokens."""


@dataclass(frozen=True)
class Target:
    """A model as rows meet it. Owns a process, see `close`; `open_target` makes one.

    Attributes:
        name: What messages call it.
        values: Further variables of its template, such as {"enable_thinking": False}.
        date: What its template takes for now.
    """

    name: str
    facts: ModelFacts
    vocabulary: Vocabulary
    values: Mapping[str, object]
    date: datetime = FROZEN_DATE

    def render(
        self, conversation: Conversation, asks: bool = False, more: Mapping[str, object] | None = None
    ) -> str:
        """The text that is trained, or the prompt of the assistant's next turn where it asks for one.

        `more` are further variables of the template.
        Raises Unsupported where there is no template, InvalidModel for a broken one, and InvalidRequest where
        it refuses the messages.
        """
        if conversation.media:
            raise Unsupported(
                "Images and sounds have no text that a template could write.", "Check rows of text alone."
            )
        facts = facts_with(self.facts, conversation.tools)
        values = {"strftime_now": self.date.strftime, **self.values, **(more or {})}
        text = render(facts.chat_template, conversation, facts.special_tokens, values=values, asks=asks)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise InvalidRequest("The text has halves of characters, which no tokenizer reads.", "Mend it.")
        return text

    def rendered(self, conversation: Conversation) -> Rendered:
        """Its text, and where the assistant's turns are in it. Raises as `render` does."""
        plain = rendered(self.render, conversation, self.stops)
        if "endgeneration" not in (facts_with(self.facts, conversation.tools).chat_template or ""):
            return plain
        return with_tags(plain, lambda values: self.render(conversation, more=values))

    def tokenized(self, examples: Sequence[TrainingExample]) -> list[TokenizedRow]:
        """Their tokens, and which are trained. Raises as `render` does, and as Vocabulary.tokens."""
        texts = [self.rendered(example.conversation) for example in examples]
        tokens = self.vocabulary.tokens([one.text for one in texts])
        return [masked(*row) for row in zip(examples, texts, tokens, strict=True)]

    @cached_property
    def terminators(self) -> dict[str, int]:
        """The texts that end answers, and their tokens."""
        ends = sorted(self.facts.end_tokens)
        names = {self.vocabulary.piece(token).decode(errors="replace"): token for token in ends}
        return {name: token for name, token in names.items() if name}

    @cached_property
    def stops(self) -> re.Pattern[str]:
        """Finds terminators."""
        return _any_of(self.terminators)

    @cached_property
    def first_token(self) -> int | None:
        """The token that texts begin with, whether the tokenizer adds it or the template writes it."""
        named = self.facts.own_tokens.get(self.facts.special_tokens.get("bos_token", ""))
        return named if self.facts.first_token is None else self.facts.first_token

    @cached_property
    def control(self) -> re.Pattern[str]:
        """All texts that the model reads as tokens of their own."""
        return _any_of(self.facts.own_tokens)

    @cached_property
    def steering(self) -> re.Pattern[str]:
        """Those of them that no answer may hold: what begins a text and what ends it."""
        return _any_of([*self.terminators, self.facts.special_tokens.get("bos_token", "")])

    def close(self) -> None:
        """End what was started. Idempotent."""
        self.vocabulary.close()


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def open_target(
    model: str,
    *,
    backend: str | None = None,
    values: Mapping[str, object] | None = None,
    date: datetime = FROZEN_DATE,
) -> Target:
    """The model of this name or path. Raises as locate and open_model do; close what it returns."""
    found = locate(model)
    vocabulary = Vocabulary(str(found.path), backend=backend)
    return Target(found.name, vocabulary.facts, vocabulary, values or {}, date)
