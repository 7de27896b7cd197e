"""Control tokens in answers: nothing by themselves, their names where asked for, and forced by a grammar."""

from __future__ import annotations

import workbench_guide
from tests.llama_cpp.conftest import Open
from workbench.backend import Engine, TokenDrawn, TokenRequest
from workbench.chat.formats.grammar import Lark
from workbench.constraint import Constraint
from workbench.sampling import SamplingSettings

START = "<|im_start|>"


def pieces(engine: Engine, request: TokenRequest) -> bytes:
    engine.enqueue(request)
    events = []
    while engine.busy:
        events += engine.step()
    return b"".join(event.piece for event in events if isinstance(event, TokenDrawn))


def test_a_control_token_is_shown_where_asked_for(open_tiny: Open) -> None:
    engine = open_tiny(workbench_guide.PATH)
    own = engine.facts.own_tokens
    assert own == {"<|endoftext|>": 0, START: 1, "<|im_end|>": 2}
    lark = Lark(own)
    constraint = Constraint("lark", lark.whole(lark.text(START + '{"a": ', "1}")))
    prompt = tuple(engine.tokenize("hi"))
    hidden = TokenRequest(id=1, prompt=prompt, max_tokens=20, constraint=constraint)
    assert pieces(engine, hidden) == b'{"a": 1}'
    shown = TokenRequest(id=2, prompt=prompt, max_tokens=20, constraint=constraint, shown=(own[START],))
    assert pieces(engine, shown) == START.encode() + b'{"a": 1}'


def test_no_other_control_token_is_shown(open_tiny: Open) -> None:
    engine = open_tiny(workbench_guide.PATH)
    only = SamplingSettings(temperature=0, logit_bias={1: 100.0})
    for shown, expected in (((), b""), ((2,), b""), ((1,), START.encode() * 3)):
        request = TokenRequest(id=len(expected), prompt=(65, 66), max_tokens=3, sampling=only, shown=shown)
        assert pieces(engine, request) == expected
