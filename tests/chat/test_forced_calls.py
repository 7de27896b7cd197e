"""The grammar that forces calls lets a family's own calls through, and nothing else."""

from __future__ import annotations

import json

import pytest
from llguidance import LLMatcher, LLTokenizer
from llguidance._tokenizer import TokenizerWrapper

from tests.chat.families import FAMILIES, TOOLS, Family
from tests.chat.test_formats import called, read
from workbench.conversation import Tool

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
OWN = 257
CLOSERS = [
    closer.encode()
    for closer in (
        '"', "\n</parameter>", "</parameter>", "</arg_value>", '<|"|>', "<escape>", "</｜DSML｜parameter>",
    )
]  # fmt: skip
RICH = Tool(
    name="book",
    strict=True,
    parameters={
        "type": "object",
        "properties": {
            "note": {"type": "string"},
            "class": {"type": "string", "enum": ["first", "second"]},
            "seats": {"type": "array", "items": {"type": "integer"}},
            "seen": {"type": "boolean"},
            "who": {"$ref": "#/$defs/person"},
        },
        "required": ["class"],
        "additionalProperties": False,
        "$defs": {"person": {"type": "object", "properties": {"age": {"type": "integer"}}}},
    },
)


class _Bytes:
    """A vocabulary of single bytes, an end, and one token of its own."""

    eos_token_id = 256
    bos_token_id = None
    special_token_ids = (256, OWN)
    tokens = (*(bytes([byte]) for byte in range(256)), b"<end>", b"<own>")

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text.encode() if isinstance(text, str) else text)


VOCABULARY = LLTokenizer(TokenizerWrapper(_Bytes()))


def matcher_of(family: Family, tools: tuple[Tool, ...], *, parallel: bool = True) -> LLMatcher:
    grammar = family.format.forced({}, tools, parallel, begun=False)
    matcher = LLMatcher(VOCABULARY, LLMatcher.grammar_from_lark(grammar), log_level=0)
    assert not matcher.is_error(), f"{matcher.get_error()}\n{grammar}"
    return matcher


def accepted(matcher: LLMatcher, answer: str) -> str:
    """As much of the answer as the grammar lets through."""
    for position, byte in enumerate(answer.encode()):
        if matcher.is_stopped() or not matcher.consume_token(byte):
            return answer.encode()[:position].decode(errors="replace")
    return answer


def written(family: Family) -> str:
    """The family's calls as they are when nothing is optional."""
    calls = family.calls.replace("[CALL_ID]abcdefghi", "").replace(', "id": "abcdefghi"', "")
    calls = calls.replace("functions.time:1", "functions.time:0")
    return calls.replace("</tool_call><tool_call>", "</tool_call>\n<tool_call>")


def allowed(matcher: LLMatcher) -> list[int]:
    mask = matcher.compute_bitmask()
    return [byte for byte in range(256) if mask[byte // 8] >> (byte % 8) & 1]


def generated(matcher: LLMatcher) -> str:
    """A short answer that the grammar lets through, up to where it may end."""
    answer = b""
    while not matcher.is_accepting():
        piece = matcher.compute_ff_bytes() or next(piece for piece in pieces(matcher) if fits(matcher, piece))
        answer += piece
        assert matcher.consume_tokens(list(piece)) and len(answer) < 2000, answer
    return answer.decode()


def pieces(matcher: LLMatcher) -> list[bytes]:
    """What may come next, what ends a text before what is only more of it."""
    letters = sorted(allowed(matcher), key=lambda byte: (byte not in b'}])"t0', byte))
    return [*(CLOSERS if len(letters) > 100 else ()), *(bytes([letter]) for letter in letters)]


def fits(matcher: LLMatcher, piece: bytes) -> bool:
    """Whether the piece is let through and, where it is to end a text, does end it."""
    trial = matcher.deep_copy()
    if not trial.consume_tokens(list(piece)):
        return False
    return piece not in CLOSERS or trial.is_accepting() or len(allowed(trial)) < 100


@each_family
def test_what_is_forced_is_understood(family: Family) -> None:
    for tool in (*TOOLS, RICH):
        answer = generated(matcher_of(family, (tool,), parallel=False))
        [(name, arguments)] = called(read(family, list(answer), (tool,)))
        assert name == tool.name and isinstance(arguments, dict)
        assert set(tool.parameters.get("required", ())) <= set(arguments)


@pytest.mark.parametrize(
    "family",
    [family for family in FAMILIES if family.name not in ("Command R", "Mistral", "gpt-oss")],
    ids=lambda family: family.name,
)
def test_what_a_family_writes_by_itself_may_be_forced(family: Family) -> None:
    answer = written(family)
    assert accepted(matcher_of(family, TOOLS), answer) == answer


@each_family
def test_a_tool_that_is_not_there_cannot_be_called(family: Family) -> None:
    answer = written(family)
    through = accepted(matcher_of(family, TOOLS[1:]), answer)
    assert len(through) < len(answer) and "Rome" not in through


@each_family
def test_one_call_is_one_call(family: Family) -> None:
    answer = generated(matcher_of(family, TOOLS, parallel=False))
    assert len(called(read(family, list(answer)))) == 1
    matcher = matcher_of(family, TOOLS, parallel=False)
    assert matcher.consume_tokens(list(answer.encode()))
    assert matcher.is_stopped() or not allowed(matcher)


def test_a_marker_that_is_a_token_is_named_by_its_id() -> None:
    grammar = FAMILIES[0].format.forced({"<tool_call>": OWN}, TOOLS, False, begun=False)
    matcher = LLMatcher(VOCABULARY, LLMatcher.grammar_from_lark(grammar), log_level=0)
    assert matcher.consume_token(OWN)
    assert accepted(matcher, '\n{"name": "time", "arguments": {}}\n</tool_call>').endswith("</tool_call>")


def test_strict_arguments_keep_to_their_schema() -> None:
    for family in FAMILIES:
        answer = generated(matcher_of(family, (RICH,), parallel=False))
        assert json.dumps(called(read(family, [answer], (RICH,)))[0][1]).count("first") == 1
