"""The model that a data set is for, as its own file describes it: chat template, vocabulary, end tokens.

What a row becomes is asked of that file, and of no trainer: the text that its template writes, its tokens,
and which of them are trained. Neither weights nor an engine library are loaded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from workbench.backend import ModelFacts
from workbench.chat.formats.answer_format import AnswerFormat
from workbench.chat.prompting import facts_with, format_of
from workbench.chat.template import render
from workbench.conversation import Conversation
from workbench.datasets.target.generation_tags import with_tags
from workbench.datasets.target.layouts import Layouts
from workbench.datasets.target.mask import TokenizedRow, masked
from workbench.datasets.target.token_places import Tokens
from workbench.datasets.target.training_example import TrainingExample
from workbench.datasets.target.turns import Rendered, rendered
from workbench.datasets.target.vocabulary import Vocabulary
from workbench.errors import InvalidRequest, Unsupported, WorkbenchError
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

    def format(self, conversation: Conversation) -> AnswerFormat:
        """In which form the model answers it."""
        return self._formats[bool(conversation.tools and self.facts.tool_template)]

    def rendered(self, conversation: Conversation) -> Rendered:
        """Its text, and where the assistant's turns are in it. Raises as `render` does."""
        return self._worked_out(conversation) if conversation.tools else self._layouts.rendered(conversation)

    @cached_property
    def _layouts(self) -> Layouts:
        return Layouts(self.facts.chat_template or "", self.render, self._worked_out)

    def _worked_out(self, conversation: Conversation) -> Rendered:
        plain = rendered(self.render, conversation, self.stops)
        if "endgeneration" not in (facts_with(self.facts, conversation.tools).chat_template or ""):
            return plain
        return with_tags(plain, lambda values: self.render(conversation, more=values))

    def tokenized(self, examples: Sequence[TrainingExample]) -> list[TokenizedRow]:
        """Their tokens, and which are trained. Raises as `render` does, and as Vocabulary.tokens."""
        made = self.each_tokenized(examples)
        for one in made:
            if isinstance(one, WorkbenchError):
                raise one
        return [one for one in made if isinstance(one, TokenizedRow)]

    def each_tokenized(self, examples: Sequence[TrainingExample]) -> list[TokenizedRow | WorkbenchError]:
        """As `tokenized`, with the error in place of each that raises."""
        texts = [self._tried(example.conversation) for example in examples]
        spelled = self.vocabulary.each_tokens([one.text for one in texts if isinstance(one, Rendered)])
        tokens = iter(spelled)
        return [
            text if isinstance(text, WorkbenchError) else _masked(example, text, next(tokens))
            for example, text in zip(examples, texts, strict=True)
        ]

    def _tried(self, conversation: Conversation) -> Rendered | WorkbenchError:
        try:
            return self.rendered(conversation)
        except WorkbenchError as error:
            return error

    @cached_property
    def _formats(self) -> dict[bool, AnswerFormat]:
        """By whether the template for tools is used."""
        beside_tools = replace(self.facts, chat_template=self.facts.tool_template)
        return {False: format_of(self.facts), True: format_of(beside_tools)}

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


def _masked(
    example: TrainingExample, text: Rendered, tokens: Tokens | WorkbenchError
) -> TokenizedRow | WorkbenchError:
    return tokens if isinstance(tokens, WorkbenchError) else masked(example, text, tokens)


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
