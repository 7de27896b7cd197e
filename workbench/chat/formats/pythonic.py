"""Calls as a list in Python's syntax, as LFM2 writes them: [weather(city="Rome", days=2)]."""

from __future__ import annotations

import ast
import io
import itertools
import json
import keyword
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.chat.formats.calls import Calls, properties_of
from workbench.chat.formats.grammar import Lark, several
from workbench.chat.formats.source import NotUnderstood, Reading, Source
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool

_LONGEST = 100_000
_RESERVED = "__reserved"
_NAMES = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonicCalls(CallSyntax):
    """A call is given out when it is whole: before, Python's syntax does not tell what belongs to it."""

    begin: str
    end: str

    @property
    def triggers(self) -> tuple[str, ...]:
        return (self.begin,)

    @property
    def markers(self) -> tuple[str, ...]:
        return (self.begin, self.end)

    def read(self, source: Source, calls: Calls) -> Reading[None]:
        yield from source.expect(self.begin)
        written = yield from source.find(self.end, most=_LONGEST)
        yield from source.expect(self.end)
        for name, arguments in _calls(written):
            calls.begin(name)
            calls.argue(json.dumps(arguments, ensure_ascii=False))

    def write(self, lark: Lark, tools: Sequence[Tool], parallel: bool) -> str:
        def call(tool: Tool, rule: str) -> str:
            required = tool.parameters.get("required", ())
            keys = sorted(properties_of(tool), key=lambda key: key not in required)
            arguments = ""
            for key in reversed(keys):
                comma = "" if key == keys[0] else ", "
                one = f"{lark.text(f'{comma}{key}=')} {lark.argument(tool, key)} {arguments}"
                arguments = one if key in required else f"({one})?"
            return f"{lark.text(tool.name + '(')} {arguments} {lark.text(')')}"

        listed = several(lark.one_of("call", tools, call), lark.text(", "), parallel)
        return f"{lark.text('[')} {listed} {lark.text(']' + self.end)}"


def _calls(written: str) -> list[tuple[str, dict[str, Any]]]:
    """Raises NotUnderstood."""
    try:
        tree = ast.parse(_with_plain_names(written.strip()), mode="eval").body
        items = tree.elts if isinstance(tree, ast.List) else [tree]
        return [_call(item) for item in items]
    except (SyntaxError, ValueError, RecursionError, MemoryError, TypeError, tokenize.TokenError):
        raise NotUnderstood from None


def _call(tree: ast.expr) -> tuple[str, dict[str, Any]]:
    if not isinstance(tree, ast.Call) or tree.args:
        raise NotUnderstood
    if any(given.arg is None for given in tree.keywords):
        raise NotUnderstood
    named = {str(given.arg).removesuffix(_RESERVED): _value(given.value) for given in tree.keywords}
    return ast.unparse(tree.func), named


def _with_plain_names(written: str) -> str:
    """The same, with arguments that have the name of a keyword marked, since Python reads none such."""
    tokens = list(tokenize.generate_tokens(io.StringIO(written).readline))
    return tokenize.untokenize(
        (token.type, token.string + _RESERVED)
        if keyword.iskeyword(token.string) and following.string == "="
        else (token.type, token.string)
        for token, following in itertools.pairwise((*tokens, tokens[-1]))
    )


def _value(tree: ast.expr) -> Any:
    """A literal, in Python's words or JSON's."""
    match tree:
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {str(_value(key)): _value(value) for key, value in pairs if key is not None}
        case _:
            return ast.literal_eval(tree)


LFM2_CALLS = PythonicCalls(begin="<|tool_call_start|>", end="<|tool_call_end|>")
