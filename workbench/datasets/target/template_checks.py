"""What a chat template does to any row, found out by asking it with conversations made for that.

Each check is a question with its own few messages. Knows no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from workbench.chat.prompting import facts_with
from workbench.chat.template import call_style
from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.datasets.target.remarks import Remark
from workbench.datasets.target.target import Target
from workbench.datasets.target.turns import Turn
from workbench.errors import WorkbenchError

_FIRST, _SECOND = Message("user", "First question?"), Message("user", "Second question?")
_ANSWER, _REPLY = Message("assistant", "First answer."), Message("assistant", "Second answer.")
PLAIN = Conversation((_FIRST, _ANSWER, _SECOND, _REPLY))
_TOOL = Tool(name="probe_name", description="Probes.", parameters={"type": "object", "properties": {}})
CALLED = Conversation(
    (
        _FIRST,
        Message("assistant", "", tool_calls=(ToolCall("call12345", "probe_name", '{"probe_key": "v1"}'),)),
        Message("tool", "probe_result", tool_call_id="call12345", name="probe_name"),
        _REPLY,
    ),
    (_TOOL,),
)


def template_remarks(target: Target) -> list[Remark]:
    """All that is to be known before a row is looked at."""
    if target.facts.chat_template is None:
        remedy = "Take the model's instruct version, or put a template into the file."
        return [Remark("no-chat-template", "error", f"{target.name} has no chat template.", remedy)]
    return [remark for check in _CHECKS for remark in check(target)]


def _tagged(target: Target) -> Iterator[Remark]:
    if "endgeneration" not in (target.facts.chat_template or ""):
        yield Remark(
            "no-generation-tag",
            "note",
            "The template has no {% generation %}, by which some trainers find what to train.",
            "Export labels, or have the trainer mask by other means than TRL's assistant_only_loss.",
        )


def _prompted(target: Target) -> Iterator[Remark]:
    if any(not turn.follows_prompt for turn in _turns(target, PLAIN)):
        yield Remark(
            "template-prompt-not-prefix",
            "warning",
            "The prompt that asks for an answer is not what stands before the answer in the history.",
            "Trainers that mask by the length of the prompt train the wrong tokens; export labels.",
        )


def _terminated(target: Target) -> Iterator[Remark]:
    turns = _turns(target, PLAIN)
    if turns and not turns[-1].terminator:
        closing = _text(target, PLAIN)[turns[-1].said : turns[-1].end].strip()
        what = f"{closing!r}, at which the model does not stop" if closing else "nothing"
        yield Remark(
            "template-no-terminator",
            "error",
            f"The template ends the last answer with {what}.",
            "Have the trainer add the end token, or the model will not learn to stop.",
        )
    end = target.facts.special_tokens.get("eos_token", "")
    if turns and turns[-1].terminator not in ("", end):
        yield Remark(
            "eos-is-another",
            "note",
            f"Answers end with {turns[-1].terminator!r}, while the file's end token is {end!r}.",
            f"Tell the trainer that the end token is {turns[-1].terminator!r}.",
        )


def _begun(target: Target) -> Iterator[Remark]:
    bos = target.facts.special_tokens.get("bos_token", "")
    written = bool(bos) and _text(target, PLAIN).lstrip().startswith(bos)
    if written and target.facts.first_token is not None:
        yield Remark(
            "bos-from-both",
            "note",
            f"Both the template and the tokenizer begin texts with {bos!r}.",
            "Have the trainer tokenize rendered text without adding special tokens.",
        )
    elif not written and target.facts.first_token is not None:
        yield Remark(
            "bos-from-tokenizer",
            "note",
            f"The tokenizer begins texts with {bos!r}, and the template does not.",
            "Have the trainer add special tokens, or rows begin otherwise than prompts do.",
        )


def _roles(target: Target) -> Iterator[Remark]:
    said = Message("system", "System message.")
    for where, messages in (
        ("first", (said, *PLAIN.messages)),
        ("later", (_FIRST, _ANSWER, said, _SECOND, _REPLY)),
    ):
        text = _text(target, Conversation(messages))
        if said.content not in text:
            does = "leaves out" if text else "refuses"
            yield Remark(
                f"system-{where}-{'dropped' if text else 'refused'}",
                "note",
                f"The template {does} a system message that comes {where}.",
                "Put what it says into the user's message.",
            )


def _thought(target: Target) -> Iterator[Remark]:
    thinking = [replace(one, reasoning=f"Thought of {one.content}") for one in (_ANSWER, _REPLY)]
    text = _text(target, Conversation((_FIRST, thinking[0], _SECOND, thinking[1])))
    if text and thinking[1].reasoning not in text:
        yield Remark(
            "template-drops-reasoning",
            "note",
            "The template does not show thoughts that have a field of their own.",
            "Where rows have thoughts, write them into the text as the model does.",
        )
    elif text and thinking[0].reasoning not in text:
        yield Remark(
            "template-forgets-reasoning",
            "note",
            "The template shows the thoughts of the last answer alone.",
            "Split rows by turns, so that every thought is trained.",
        )


def _called(target: Target) -> Iterator[Remark]:
    facts = facts_with(target.facts, CALLED.tools)
    style = call_style(facts.chat_template or "", tuple(sorted(facts.special_tokens.items())))
    if style is None:
        yield Remark("template-no-calls", "note", "The template cannot write calls of tools.", "")
        return
    form = "JSON text" if style.as_text else "an object"
    yield Remark(
        "arguments-form",
        "note",
        f"The template wants the arguments of a call as {form}.",
        "Export them so for trainers that pass rows to the template as they are.",
    )
    if _TOOL.description not in _text(target, CALLED):
        yield Remark("template-no-tools", "warning", "The template does not tell the model its tools.", "")


def _spaced(target: Target) -> Iterator[Remark]:
    content = "  First answer.  \n"
    if content not in _text(target, Conversation((_FIRST, replace(_ANSWER, content=content)))):
        yield Remark("template-trims", "note", "The template cuts space around answers.", "")


def _dated(target: Target) -> Iterator[Remark]:
    later = replace(target, date=target.date + timedelta(days=400))
    if _text(target, PLAIN) != _text(later, PLAIN):
        yield Remark(
            "date-in-template",
            "note",
            f"The template writes today's date, which is held at {target.date:%Y-%m-%d} here.",
            "Train on rendered text, or rows differ from day to day.",
        )


def _turns(target: Target, conversation: Conversation) -> tuple[Turn, ...]:
    try:
        return target.rendered(conversation).turns
    except WorkbenchError:
        return ()


def _text(target: Target, conversation: Conversation) -> str:
    """What the template writes; "" where it refuses."""
    try:
        return target.render(conversation)
    except WorkbenchError:
        return ""


_CHECKS: tuple[Callable[[Target], Iterator[Remark]], ...] = (
    _tagged, _prompted, _terminated, _begun, _roles, _thought, _called, _spaced, _dated,
)  # fmt: skip
