"""Wire structs on their own: bytes that are no characters, and reading back what was written."""

from __future__ import annotations

import msgspec

from workbench.errors import ContextExceeded, EngineDied
from workbench.events import Finished, SampledToken, TextDelta, TokenLogprob, Usage
from workbench.openai_dialect.chat_reply import ChatChunk, ChatCompletion, ChatReply
from workbench.openai_dialect.completion_reply import CompletionReply
from workbench.openai_dialect.error_body import ErrorBody, error_body, status_of
from workbench.openai_dialect.reply import CollectedAnswer
from workbench.openai_dialect.usage import summed
from workbench.openai_dialect.wire import encode

EURO = [
    SampledToken(TokenLogprob(piece, -1.0), (TokenLogprob(piece, -1.0), TokenLogprob(b"\xff", -2.0)))
    for piece in (b"a", b"\xe2\x82", b"\xac", b"b")
]
DELTAS = [TextDelta("a", 1, (EURO[0],)), TextDelta("€", 2, tuple(EURO[1:3])), TextDelta("b", 1, (EURO[3],))]


def test_tokens_that_are_no_characters_keep_apart_and_count_once() -> None:
    answer = CollectedAnswer(DELTAS, Finished("stop"))
    [choice] = CompletionReply("m", "fp", 1).whole([answer]).choices
    assert choice.text == "a€b" and choice.logprobs
    assert choice.logprobs.tokens == ["a", r"bytes:\xe2\x82", r"bytes:\xac", "b"]
    assert choice.logprobs.text_offset == [0, 1, 2, 2]
    assert choice.logprobs.top_logprobs[1] == {r"bytes:\xe2\x82": -1.0, r"bytes:\xff": -2.0}


def test_offsets_go_on_from_chunk_to_chunk() -> None:
    reply = CompletionReply("m", "fp", 2)
    chunks = [reply.delta(1, delta) for delta in DELTAS]
    offsets = [chunk.choices[0].logprobs.text_offset for chunk in chunks if chunk.choices[0].logprobs]
    assert offsets == [[0], [1, 2], [2]]


def test_chat_logprobs_give_the_bytes() -> None:
    [choice] = ChatReply("m", "fp", 1).whole([CollectedAnswer(DELTAS, Finished("stop"))]).choices
    assert choice.logprobs
    assert b"".join(bytes(token.bytes) for token in choice.logprobs.content) == "a€b".encode()
    assert choice.logprobs.content[1].token == "\ufffd"


def test_what_is_written_can_be_read_back() -> None:
    reply = ChatReply("m", "fp", 1, include_usage=True)
    finished = Finished("length", Usage(5, 2, 3))
    chunks = [
        reply.opening(0, finished),
        *(reply.delta(0, delta) for delta in DELTAS),
        reply.ending(0, finished),
    ]
    for chunk in [*chunks, reply.usage([finished.usage])]:
        assert msgspec.json.decode(encode(chunk), type=ChatChunk) == chunk
    whole = reply.whole([CollectedAnswer(DELTAS, finished)])
    assert msgspec.json.decode(encode(whole), type=ChatCompletion) == whole


def test_prompts_count_once_and_their_cache_is_what_the_first_to_compute_found() -> None:
    usages = [Usage(10, 0, 1), Usage(10, 9, 2), Usage(20, 20, 3), Usage(20, 16, 4)]
    counts = summed(usages, choices_per_prompt=2)
    assert (counts.prompt_tokens, counts.completion_tokens, counts.total_tokens) == (30, 10, 40)
    assert counts.prompt_tokens_details.cached_tokens == 16


def test_errors_carry_their_kind_and_others_nothing_of_themselves() -> None:
    exceeded = ContextExceeded("Too long.", "Shorten it.")
    body = msgspec.json.decode(encode(error_body(exceeded)), type=ErrorBody)
    assert (body.error.code, body.error.message) == ("context_length_exceeded", "Too long. Shorten it.")
    assert (status_of(exceeded), status_of(EngineDied("x")), status_of(KeyError("secret"))) == (400, 503, 500)
    assert "secret" not in error_body(KeyError("secret")).error.message
