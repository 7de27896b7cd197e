"""Calls as tags, one for each argument, around values without quotes; Qwen3-Coder and GLM write so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.chat.formats.calls import Calls, accepts_text, argument_json, choices_of, properties_of
from workbench.chat.formats.grammar import Lark, several
from workbench.chat.formats.marked_calls import LONGEST_NAME, named
from workbench.chat.formats.source import NotUnderstood, Reading, Source, first_of, partial_match
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedCalls(CallSyntax):
    """The tags in the order they are written.

    Attributes:
        begins: What opens a call, or a section of calls; the first is the one that forced calls have.
        end: What closes it.
        call: What stands before and after a name; "" after one that ends with its line.
        key: What stands before and after an argument's name.
        value: What stands before and after its value.
        call_end: What closes one call.
        section: `begins` opens a section that may hold several calls.
        space: What stands between tags.
        padding: What stands at both ends of a value and is no part of it.
        typed: The key's tag says whether the value is text, in an attribute `string`.
    """

    begins: tuple[str, ...]
    end: str
    call: tuple[str, str]
    key: tuple[str, str]
    value: tuple[str, str] = ("", "")
    call_end: str = ""
    section: bool = False
    space: str = "\n"
    padding: str = ""
    typed: bool = False

    @property
    def triggers(self) -> tuple[str, ...]:
        return self.begins

    @property
    def markers(self) -> tuple[str, ...]:
        written = (*self.begins, self.end, *self.call, *self.key, *self.value, self.call_end)
        return tuple(marker for marker in written if marker)

    def read(self, source: Source, calls: Calls) -> Reading[None]:
        first = calls.begun
        yield from source.expect(*self.begins)
        while True:
            yield from source.skip_space()
            if self.call[0] and not (yield from source.accept(self.call[0])):
                break
            yield from self._read_call(source, calls)
            if not self.section:
                break
        if calls.begun == first:
            raise NotUnderstood
        yield from source.look_past((self.end,))

    def _read_call(self, source: Source, calls: Calls) -> Reading[None]:
        name = yield from source.find(self.call[1] or "\n", self.key[0], self.end, most=LONGEST_NAME)
        yield from source.accept(self.call[1] or "\n")
        name = named(name.strip())
        calls.begin(name)
        schemas, before = calls.properties(name), "{"
        while True:
            yield from source.skip_space()
            if not (yield from source.accept(self.key[0])):
                break
            key, is_text = yield from self._read_key(source)
            calls.argue(f"{before}{json.dumps(key, ensure_ascii=False)}: ")
            yield from self._read_value(source, calls, schemas.get(key), is_text)
            before = ", "
        yield from source.accept(self.call_end)
        calls.argue("{}" if before == "{" else "}")

    def _read_key(self, source: Source) -> Reading[tuple[str, bool | None]]:
        """The key, and whether its tag says that the value is text."""
        head = yield from source.find(self.key[1], most=LONGEST_NAME)
        yield from source.expect(self.key[1])
        if self.value[0]:
            yield from source.skip_space()
            yield from source.expect(self.value[0])
        key, _, attributes = head.partition('"')
        return key.strip(), "true" in attributes if attributes else None

    def _read_value(self, source: Source, calls: Calls, schema: Any, is_text: bool | None) -> Reading[None]:
        yield from source.accept(self.padding)
        if accepts_text(schema) if is_text is None else is_text:
            yield from self._stream_text(source, calls)
        else:
            text = yield from source.find(self.value[1])
            yield from source.expect(self.value[1])
            calls.argue(argument_json(text.removesuffix(self.padding), schema))

    def _stream_text(self, source: Source, calls: Calls) -> Reading[None]:
        """A text as it comes, its padding and its closing tag held back."""
        ends = (self.padding + self.value[1], self.value[1])
        calls.argue('"')
        while True:
            found = first_of(source.text, ends)
            source.at = found[0] if found else len(source.text) - partial_match(source.text, ends)
            calls.argue(_escaped(source.text[: source.at]))
            if found:
                source.at = len(found[1])
                calls.argue('"')
                return
            if source.ended:
                raise NotUnderstood
            yield

    def write(self, lark: Lark, tools: Sequence[Tool], parallel: bool) -> str:
        def call(tool: Tool, rule: str) -> str:
            head = lark.text(self.call[0] + tool.name + self.call[1] + self.space)
            arguments = write_arguments(self, lark, tool, rule)
            return f"{head} {arguments} {lark.text(self.call_end + self.space if self.call_end else '')}"

        calls = lark.one_of("call", tools, call)
        opening = lark.text(self.space if self.call[0] else "")
        if self.section:
            return f"{opening} {several(calls, '', parallel)} {lark.text(self.end)}"
        one = lark.rule("whole_call", f"{opening} {calls} {lark.text(self.end)}")
        return several(one, lark.text("\n" + self.begins[0]), parallel)


def write_arguments(tags: TaggedCalls, lark: Lark, tool: Tool, rule: str) -> str:
    """Every argument of the tool in the order of its schema; those that are not required may be missing."""
    written = []
    required = tool.parameters.get("required", ())
    for number, (key, schema) in enumerate(properties_of(tool).items()):
        one = lark.rule(
            f"{rule}_{number}", _write_argument(tags, lark, tool, key, schema, f"{rule}_text_{number}")
        )
        written.append(one if key in required else f"{one}?")
    return " ".join(written)


def _write_argument(tags: TaggedCalls, lark: Lark, tool: Tool, key: str, schema: Any, rule: str) -> str:
    as_text = accepts_text(schema)
    kind = f'" string="{str(as_text).lower()}' if tags.typed else ""
    opening = tags.key[0] + key + kind + tags.key[1] + (tags.space + tags.value[0] if tags.value[0] else "")
    ending = tags.padding + tags.value[1]
    if not as_text:
        value = f"{lark.argument(tool, key)} {lark.text(ending)}"
    elif choices := choices_of(schema):
        value = f"({' | '.join(lark.text(choice) for choice in choices)}) {lark.text(ending)}"
    else:
        value = lark.text_before(rule, ending)
    return f"{lark.text(opening + tags.padding)} {value} {lark.text(tags.space)}"


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


QWEN_CODER_CALLS = TaggedCalls(
    begins=("<tool_call>",),
    end="</tool_call>",
    call=("<function=", ">"),
    key=("<parameter=", ">"),
    value=("", "</parameter>"),
    call_end="</function>",
    padding="\n",
)
SEED_CALLS = TaggedCalls(
    begins=("<seed:tool_call>",),
    end="</seed:tool_call>",
    call=("<function=", ">"),
    key=("<parameter=", ">"),
    value=("", "</parameter>"),
    call_end="</function>",
)
MINIMAX_CALLS = TaggedCalls(
    begins=("<minimax:tool_call>",),
    end="</minimax:tool_call>",
    call=('<invoke name="', '">'),
    key=('<parameter name="', '">'),
    value=("", "</parameter>"),
    call_end="</invoke>",
    section=True,
)


def glm_calls(*, space: str) -> TaggedCalls:
    """GLM 4.5 and 4.6 put every tag on its line; 4.7 has no `space` between them."""
    return TaggedCalls(
        begins=("<tool_call>",),
        end="</tool_call>",
        call=("", ""),
        key=("<arg_key>", "</arg_key>"),
        value=("<arg_value>", "</arg_value>"),
        space=space,
    )


def dsml_calls(section: str) -> TaggedCalls:
    """DeepSeek since V3.2; `section` is what it calls a section of calls."""
    return TaggedCalls(
        begins=(f"<｜DSML｜{section}>",),
        end=f"</｜DSML｜{section}>",
        call=('<｜DSML｜invoke name="', '">'),
        key=('<｜DSML｜parameter name="', '">'),
        value=("", "</｜DSML｜parameter>"),
        call_end="</｜DSML｜invoke>",
        section=True,
        typed=True,
    )
