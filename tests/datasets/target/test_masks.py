"""What is trained of a conversation is what the model would say, in every family, with calls and thoughts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.datasets.target.conftest import TargetOf
from tests.datasets.target.families import CALL, CALLED, FAMILIES, HARMONY, PLAIN, SYSTEM, THOUGHT, Family
from workbench.conversation import Conversation, Message
from workbench.datasets.target.mask import IGNORED, TokenizedRow
from workbench.datasets.target.target import Target
from workbench.datasets.target.training_example import TrainOn, training_example
from workbench.datasets.target.turns import rendered as turns

BOTH = Conversation((SYSTEM, *THOUGHT.messages, Message("user", "And?"), Message("assistant", "Bob!", "Hm.")))
TWO_CALLS = Conversation(
    (
        CALLED.messages[0],
        Message("assistant", "I look.", tool_calls=(CALL, replace(CALL, id="call54321"))),
        *(Message("tool", "sun", tool_call_id=id, name="weather") for id in ("call12345", "call54321")),
        CALLED.messages[-1],
    ),
    CALLED.tools,
)  # fmt: skip
TEXT_CALLS = next(family for family in FAMILIES if family.name == "Mistral with arguments as text")
TALKS = {"plain": PLAIN, "called": CALLED, "thought": THOUGHT, "both": BOTH}


def tokenized(target: Target, talk: Conversation, train_on: TrainOn = "all") -> TokenizedRow:
    (row,) = target.tokenized([training_example(talk, train_on)])
    return row


def trained(target: Target, row: TokenizedRow) -> list[str]:
    """The texts of the trained tokens, turn by turn, spelled by the tokens themselves."""
    pieces = [target.vocabulary.piece(id) for id in row.tokens.ids]
    return [b"".join(pieces[first:beyond]).decode() for _, first, beyond in row.spans()]


def said(family: Family, talk: Conversation) -> list[str]:
    messages = talk.messages
    return [
        family.says(message, place == len(messages) - 1)
        for place, message in enumerate(messages)
        if message.role == "assistant"
    ]


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_trained_is_what_the_model_says(target_of: TargetOf, family: Family, talk: Conversation) -> None:
    target = target_of(family.template)
    row = tokenized(target, talk)
    assert trained(target, row) == said(family, talk)
    assert {turn.terminator for turn, _, _ in row.spans()} == {family.terminator}
    labels = [label for label in row.labels if label != IGNORED]
    assert target.vocabulary.ids(["".join(said(family, talk))], add=False) == [labels]


@pytest.mark.parametrize("talk", [PLAIN, CALLED, THOUGHT], ids=["plain", "called", "thought"])
def test_channels_end_with_the_tokens_that_end_answers(harmony: Target, talk: Conversation) -> None:
    last = talk.messages[-2:] if talk is PLAIN else talk.messages
    talk = Conversation(last, talk.tools)
    row = tokenized(harmony, talk)
    assert trained(harmony, row) == said(HARMONY, talk)
    ends = ["<|call|>", "<|return|>"] if talk.tools else ["<|return|>"]
    assert [turn.terminator for turn, _, _ in row.spans()] == ends


def test_what_the_history_writes_in_place_of_an_end_is_not_trained(harmony: Target) -> None:
    row = tokenized(harmony, PLAIN)
    assert trained(harmony, row) == ["<|channel|>final<|message|>Ada.", said(HARMONY, PLAIN)[-1]]


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_only_trained_text_changes_with_what_is_said(target_of: TargetOf, family: Family) -> None:
    """Says nothing of where turns are: two renders that differ in the answers alone are compared."""
    target = target_of(family.template)
    for talk in (PLAIN, TWO_CALLS):
        other = Conversation(tuple(map(_otherwise, talk.messages)), talk.tools)
        assert untrained(tokenized(target, talk)) == untrained(tokenized(target, other))
        assert len(trained(target, tokenized(target, talk))) == 2


def _otherwise(message: Message) -> Message:
    if message.role != "assistant":
        return message
    calls = tuple(replace(call, arguments='{"city": "Ur, or elsewhere"}') for call in message.tool_calls)
    return replace(
        message, content=message.content and "Something quite long.\nAnd <b>more</b>", tool_calls=calls
    )


def untrained(row: TokenizedRow) -> list[str]:
    """The text between the trained parts."""
    text, at, parts = row.rendered.text, 0, list[str]()
    for turn, _, _ in row.spans():
        parts.append(text[at : turn.start])
        at = turn.end
    return [*parts, text[at:]]


def test_the_last_turn_alone_or_turns_by_their_weights(target_of: TargetOf) -> None:
    target = target_of(FAMILIES[0].template)
    assert trained(target, tokenized(target, PLAIN, "last")) == ["Bob!<|im_end|>"]
    (row,) = target.tokenized([training_example(PLAIN, "all", (1, 0.5, 1, 0))])
    assert trained(target, row) == ["Ada.<|im_end|>"]
    assert set(row.weights) == {0.0, 0.5} and row.trained == row.weights.count(0.5)


def test_a_conversation_that_the_assistant_begins(target_of: TargetOf) -> None:
    target = target_of(FAMILIES[0].template)
    talk = Conversation((Message("assistant", "Hello."), *PLAIN.messages))
    assert trained(target, tokenized(target, talk))[0] == "Hello.<|im_end|>"


def test_letters_of_several_bytes_and_words_of_the_marks_own(target_of: TargetOf) -> None:
    target = target_of(FAMILIES[0].template)
    words = ("é🙂", "Qm0x Qm1x000000z", " 日本 \n")
    talk = Conversation(
        tuple(one for word in words for one in (Message("user", word), Message("assistant", word)))
    )
    assert trained(target, tokenized(target, talk)) == [f"{word}<|im_end|>" for word in words]


def test_templates_that_change_what_they_are_given_fall_back_to_prefixes(target_of: TargetOf) -> None:
    shouting = FAMILIES[0].template.replace("m.content", "m.content | upper")
    target = target_of(shouting)
    assert trained(target, tokenized(target, PLAIN)) == ["ADA.<|im_end|>", "BOB!<|im_end|>"]
    assert tokenized(target, PLAIN).rendered.shown is None


def test_a_token_across_the_border_is_told_of(target_of: TargetOf) -> None:
    """The prompt ends with a line feed, and two of them are one token."""
    target = target_of(FAMILIES[0].template)
    row = tokenized(target, Conversation((PLAIN.messages[0], Message("assistant", "\n<think>Ada."))))
    assert row.merged == (1,)
    assert trained(target, row) == ["\n\n<think>Ada.<|im_end|>"]
    assert not tokenized(target, PLAIN).merged


def test_a_long_conversation_takes_no_longer_than_its_length_and_finds_all(target_of: TargetOf) -> None:
    for family in (FAMILIES[0], TEXT_CALLS):
        target = target_of(family.template)
        long = Conversation(CALLED.messages * 300, CALLED.tools)
        rendered = list[Conversation]()

        def render(talk: Conversation, asks: bool) -> str:
            rendered.append(talk)  # noqa: B023
            return target.render(talk, asks)  # noqa: B023

        found = turns(render, long, target.stops)
        assert len(found.turns) == 600 and not found.lost
        assert {found.text[turn.start : turn.end] for turn in found.turns} == set(said(family, CALLED))
        assert len(rendered) < 20
