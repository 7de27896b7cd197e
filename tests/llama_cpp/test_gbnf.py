"""GBNF keeps its meaning: the same texts match, whatever it is written as in between."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from workbench.constraining.gbnf_as_lark import gbnf_as_lark
from workbench.errors import InvalidConstraint

BYTES = LLTokenizer("byte")
Both = tuple[str, str]
"""The same language as GBNF and as a regular expression of Python."""


def matches(grammar: str, text: str) -> bool:
    matcher = LLMatcher(BYTES, LLMatcher.grammar_from_lark(gbnf_as_lark(grammar)), log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    tokens = BYTES.tokenize_str(text)
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


LANGUAGES = {
    "a literal after what may hold it": ('root ::= [a-z]* "foo"', ["foo", "fofoo", "afoo"], ["fox", "fo"]),
    "words": ('root ::= ([a-z]+ " ")* "end"', ["end", "en end", "endx end"], ["en", "end "]),
    "code points": (r'root ::= "\x41" "\u00e9" [\U0001F600-\U0001F64F]', ["Aé😀"], ["Ae😀"]),
    "escapes": (r'root ::= "say \"hi\"" [\t\n] "\\" [\]\[-]', ['say "hi"\t\\]', 'say "hi"\n\\-'], []),
    "slashes": ('root ::= "a/b" [c/]', ["a/b/"], ["a/b"]),
    "any character": ("root ::= .", ["a", "\n", "é"], ["", "ab"]),
    "no such character": ('root ::= [^"a-c]+', ["d\n"], ["b", 'd"']),
    "counts": ('root ::= "a"{0,2} "b"{2} "c"{1,}', ["bbc", "aabbccc"], ["aaabbc", "bb"]),
    "nothing": ('root ::= "" | "a"', ["", "a"], ["b"]),
    "names alike": (
        'root ::= a-b aB Start 1x\na-b ::= "1"\naB ::= "2"\nStart ::= "3"\n1x ::= "4"',
        ["1234"],
        [],
    ),
    "lines and comments": (
        '# all\nroot ::= ( # one\n  "a" |\n  "b"\n)\n  | c # other\r\nc ::= "c"\n',
        ["a", "c"],
        ["ab"],
    ),
    "recursion": ('root ::= "a" | b\nb ::= "c" root "d" | ""', ["", "ccadd", "cd"], ["ca", "cad d"]),
    "recursion to the left": ('root ::= root "+" n | n\nn ::= [0-9]+', ["1", "12+3+4"], ["+1", "1+"]),
    "calls": (
        'root ::= name "(" (root ("," " "? root)*)? ")"\nname ::= [a-z]+',
        ["f()", "f(g(), h(i()))"],
        ["f(", "f(,)"],
    ),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_matches_matches_and_nothing_else(name: str) -> None:
    grammar, inside, outside = LANGUAGES[name]
    assert [text for text in inside if not matches(grammar, text)] == []
    assert [text for text in outside if matches(grammar, text)] == []


@pytest.mark.parametrize(
    ("grammar", "named"),
    [
        ('root ::= "a', "line 1"),
        ('root ::= x\nx ::= ("a"\ny ::= "b"', "line 3: a parenthesis"),
        ("root ::= nowhere", "'nowhere'"),
        ('start ::= "a"', "'root'"),
        ("root ::= *", "repeat"),
        ("root ::= [z-a]", "z-a"),
        (r'root ::= "\d"', r"\d"),
        ('root ::= "a"\n!<b>', "line 2"),
        ("root ::= " + "(" * 1000, "parentheses"),
        ("root ::= r0\n" + "\n".join(f'r{at} ::= r{at + 1} "x"' for at in range(5000)), "refer"),
    ],
)
def test_what_is_wrong_is_named(grammar: str, named: str) -> None:
    with pytest.raises(InvalidConstraint) as caught:
        gbnf_as_lark(grammar)
    assert named in caught.value.message and caught.value.remedy


def sequence(parts: tuple[Both, Both]) -> Both:
    (first, first_pattern), (second, second_pattern) = parts
    return f"({first} {second})", f"(?:{first_pattern}{second_pattern})"


def choice(parts: tuple[Both, Both]) -> Both:
    (first, first_pattern), (second, second_pattern) = parts
    return f"({first} | {second})", f"(?:{first_pattern}|{second_pattern})"


CHARACTERS: st.SearchStrategy[Both] = st.sampled_from(
    [('"a"', "a"), ('"ab"', "ab"), ("[ab]", "[ab]"), ("[^a]", "[^a]"), (".", "(?s:.)"), ('""', "")]
)
PARTS = st.recursive(
    CHARACTERS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(sequence),
        st.tuples(inner, inner).map(choice),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}"])).map(
            lambda pair: (f"({pair[0][0]}){pair[1]}", f"(?:{pair[0][1]}){pair[1]}")
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(PARTS, st.lists(st.text("abc", max_size=6), min_size=6, max_size=6))
def test_a_regular_grammar_is_its_regular_expression(both: Both, texts: list[str]) -> None:
    grammar, pattern = both
    for text in texts:
        assert matches(f"root ::= {grammar}", text) == bool(re.fullmatch(pattern, text)), text
