"""Which format a model answers in, told from its chat template: what it writes for earlier turns.

A family is known by the markers in its template, most telling first. Knows nothing of how they are read.
"""

from __future__ import annotations

import re
from functools import lru_cache

from workbench.chat.formats.answer_format import AnswerFormat
from workbench.chat.formats.deepseek import deepseek_calls
from workbench.chat.formats.described_tools import DESCRIBED_CALLS
from workbench.chat.formats.gemma import FUNCTION_GEMMA_CALLS, GEMMA_CALLS
from workbench.chat.formats.harmony import HarmonyFormat
from workbench.chat.formats.json_calls import (
    COMMAND_R_CALLS,
    HERMES_CALLS,
    LLAMA_CALLS,
    MINIMAX_M1_CALLS,
    JsonCalls,
)
from workbench.chat.formats.kimi import KIMI_CALLS
from workbench.chat.formats.marked_calls import FUNCTIONARY_CALLS
from workbench.chat.formats.mistral import MISTRAL_LIST, MISTRAL_NAMED
from workbench.chat.formats.pythonic import LFM2_CALLS
from workbench.chat.formats.reasoning import ReasoningMarks
from workbench.chat.formats.syntax import CallSyntax
from workbench.chat.formats.tagged_calls import (
    MINIMAX_CALLS,
    QWEN_CODER_CALLS,
    SEED_CALLS,
    dsml_calls,
    glm_calls,
)

_HARMONY = ("<|channel|>analysis", "<|start|>assistant")
_CALLS: tuple[tuple[str, tuple[str, ...], CallSyntax], ...] = (
    ("DeepSeek V4", ("｜DSML｜", "'tool_calls>"), dsml_calls("tool_calls")),
    ("DeepSeek V3.2", ("｜DSML｜",), dsml_calls("function_calls")),
    ("DeepSeek V3", ("<｜tool▁call▁begin｜>", "```json"), deepseek_calls(fenced=True)),
    ("DeepSeek V3.1", ("<｜tool▁call▁begin｜>",), deepseek_calls(fenced=False)),
    ("Kimi K2", ("<|tool_calls_section_begin|>",), KIMI_CALLS),
    ("Mistral", ("[TOOL_CALLS]", "[ARGS]"), MISTRAL_NAMED),
    ("Mistral", ("[TOOL_CALLS]",), MISTRAL_LIST),
    ("MiniMax M2", ("<minimax:tool_call>",), MINIMAX_CALLS),
    ("Seed-OSS", ("<seed:tool_call>",), SEED_CALLS),
    ("GLM 4.5", ("<arg_key>", "</arg_key>\n<arg_value>"), glm_calls(space="\n")),
    ("GLM 4.7", ("<arg_key>",), glm_calls(space="")),
    ("Qwen3-Coder", ("<tool_call>", "<function=", "<parameter="), QWEN_CODER_CALLS),
    ("Functionary", ("<function=", "</function>"), FUNCTIONARY_CALLS),
    ("Command R", ("<|START_ACTION|>",), COMMAND_R_CALLS),
    ("LFM2", ("<|tool_call_start|>",), LFM2_CALLS),
    ("LFM2", ("<|tool_list_start|>",), LFM2_CALLS),
    ("Gemma 4", ("<|tool_call>",), GEMMA_CALLS),
    ("FunctionGemma", ("<start_function_call>",), FUNCTION_GEMMA_CALLS),
    ("Granite 3", ("<|tool_call|>",), JsonCalls(begin="<|tool_call|>", listed=True)),
    ("Nemotron", ("<TOOLCALL>",), JsonCalls(begin="<TOOLCALL>", end="</TOOLCALL>", listed=True)),
    ("Apriel", ("<tool_calls>[",), JsonCalls(begin="<tool_calls>", end="</tool_calls>", listed=True)),
    ("MiniMax M1", ("<tool_calls>",), MINIMAX_M1_CALLS),
    ("Hermes", ("<tool_call>",), HERMES_CALLS),
    ("functools", (" functools[",), JsonCalls(begin=" functools", listed=True)),
    ("Llama 3", ("<|start_header_id|>", '"parameters": '), LLAMA_CALLS),
)
REASONING_MARKS = (
    ReasoningMarks("<think>", "</think>"),
    ReasoningMarks("[THINK]", "[/THINK]"),
    ReasoningMarks("<seed:think>", "</seed:think>"),
    ReasoningMarks("<|START_THINKING|>", "<|END_THINKING|>"),
    ReasoningMarks("<|channel>thought\n", "<channel|>"),
    ReasoningMarks("<thought>", "</thought>"),
)
_SAYS_NOTHING = (
    ("<|START_RESPONSE|>", ("<|START_RESPONSE|>", "<|END_RESPONSE|>")),
    ("<|START_TEXT|>", ("<|START_TEXT|>", "<|END_TEXT|>")),
    ("<response></response>", ("<response>", "</response>")),
)
"""What a template says where it has its model write markers around a plain answer, and those markers."""


@lru_cache(maxsize=32)
def recognised(template: str | None, own_tokens: frozenset[str] = frozenset()) -> AnswerFormat:
    """The format of a model with this chat template, and with these tokens that no text spells.

    A template that shows no tools, or writes calls in no known way, gets them described in words.
    """
    text = (template or "").replace("\\n", "\n")
    if all(sign in text for sign in _HARMONY):
        return HarmonyFormat()
    reasoning = next(
        (marks for marks in REASONING_MARKS if marks.end in text or marks.end in own_tokens), None
    )
    ignored = tuple(marker for sign, markers in _SAYS_NOTHING if sign in text for marker in markers)
    found = _calls(text) or _calls("\n".join(sorted(own_tokens))) if re.search(r"\btools\b", text) else None
    name, calls = found or ("described", DESCRIBED_CALLS)
    return AnswerFormat(
        name=name,
        reasoning=reasoning,
        calls=calls,
        ignored=ignored,
        described=found is None,
        answer_opening=next((marker for marker in ignored if marker.startswith("<|")), ""),
    )


def _calls(text: str) -> tuple[str, CallSyntax] | None:
    known = ((name, calls) for name, signs, calls in _CALLS if all(sign in text for sign in signs))
    return next(known, None)
