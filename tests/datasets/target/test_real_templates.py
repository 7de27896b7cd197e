"""The chat templates in llama.cpp's source: each as transformers writes it, and masks exact on each."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.datasets.target.families import CALLED, PLAIN, THOUGHT
from tests.datasets.target.test_masks import trained, untrained
from tests.datasets.target.vocabularies import vocabulary
from workbench.chat.prompting import facts_with
from workbench.chat.template import call_style
from workbench.chat.template_messages import template_messages, template_tools
from workbench.conversation import Conversation, Message
from workbench.datasets.target.target import Target, open_target
from workbench.datasets.target.template_checks import template_remarks
from workbench.datasets.target.training_example import training_example
from workbench.errors import WorkbenchError
from workbench_llama_cpp.lending.plugin import source_part

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TALKS = {"plain": PLAIN, "called": CALLED, "thought": THOUGHT}
TURN_ENDS = {
    "ByteDance": "<seed:eos>", "Cohere": "<|END_OF_TURN_TOKEN|>", "MiniMax-M1": "<end_of_sentence>",
    "GigaChat": "<|message_sep|>", "Kimi-K3": "<|end_of_msg|>", "Nemotron-Nano-v2": "<SPECIAL_12>",
    "ling": "<|role_end|>", "muse": "<|eot|>", "Laguna": "</assistant>", "Hy3": "<｜hy_eos:opensource｜>",
    "Apertus": "<|assistant_end|>", "GLM": "<|user|>", "Reka": "<sep>",
}  # fmt: skip
"""What those models' own files name for the end of a turn, beyond what llama.cpp knows by itself."""


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = source_part(tmp_path_factory.mktemp("source"), "models/templates", (".jinja",))
    found = {file.stem: file.read_text("utf-8") for file in sorted(folder.glob("*.jinja"))}
    assert len(found) == 70
    return found


@pytest.fixture(scope="module")
def targets(
    templates: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Target]]:
    folder, opened = tmp_path_factory.mktemp("vocabularies"), dict[str, Target]()
    for name, template in templates.items():
        end = next((end for part, end in TURN_ENDS.items() if part in name), "")
        path = vocabulary(
            folder / f"{name}.gguf", template, turn_end=end, more=("[e~[", *([end] if end else []))
        )
        opened[name] = open_target(str(path))
    yield opened
    for target in opened.values():
        target.close()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import PreTrainedTokenizerFast

        words = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
        return PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>")


def outcome(make: Any, refusal: type[Exception] = Exception) -> str | None:
    try:
        return str(make())
    except refusal:
        return None


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_rows_are_those_of_transformers(
    targets: dict[str, Target], tokenizer: Any, talk: Conversation
) -> None:
    written = 0
    for name, target in targets.items():
        facts = facts_with(target.facts, talk.tools)
        style = call_style(facts.chat_template or "", tuple(sorted(facts.special_tokens.items())))
        theirs = outcome(
            lambda: tokenizer.apply_chat_template(
                template_messages(talk, style) if style else _as_objects(talk),  # noqa: B023
                tools=template_tools(talk),
                chat_template=target.facts.chat_template,  # noqa: B023
                tokenize=False,
            )
        )
        if theirs is None and style is not None and style.empty is None:
            continue  # transformers takes no message whose content is null
        today = replace(target, date=datetime.now())
        assert outcome(lambda: today.render(talk), WorkbenchError) == theirs, name  # noqa: B023
        written += theirs is not None
    assert written >= 60


def _as_objects(talk: Conversation) -> list[dict[str, Any]]:
    from workbench.chat.template_messages import CallStyle

    return template_messages(talk, CallStyle())


def otherwise(message: Message) -> Message:
    if message.role != "assistant":
        return message
    content = message.content and "Another answer,\nin two lines."
    return replace(message, content=content, reasoning=message.reasoning and "Another thought.")


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_masks_are_exact(targets: dict[str, Target], talk: Conversation) -> None:
    """What is not trained is what stays when the answers alone change, and what asks for them."""
    other = Conversation(tuple(map(otherwise, talk.messages)), talk.tools)
    masked = 0
    for name, target in targets.items():
        try:
            row, changed = target.tokenized([training_example(talk), training_example(other)])
        except WorkbenchError:
            continue
        masked += 1
        assert untrained(row) == untrained(changed), name
        texts, text = trained(target, row), row.rendered.text
        for (turn, first, _), said in zip(row.spans(), texts, strict=True):
            message = talk.messages[turn.message]
            assert message.content in said and all(call.name in said for call in message.tool_calls), name
            assert not any(one.content in said for one in talk.messages if one.role in ("user", "tool")), name
            wrapping = said.partition(message.reasoning or message.content or "weather")[0]
            assert "assistant" not in wrapping.lower() or "endgeneration" in _template(target), name
            assert text[turn.start : turn.end] in said and turn.end - turn.start >= len(said) - 1, name
            before = target.render(Conversation(talk.messages[: turn.message], talk.tools), True)
            assert turn.follows_prompt == text.startswith(before), name
            if turn.follows_prompt and "endgeneration" not in _template(target):
                assert turn.start == len(before), name
            assert first > 0
    assert masked >= 62


def _template(target: Target) -> str:
    return target.facts.chat_template or ""


def test_masks_are_those_of_transformers_where_a_template_marks_them(targets: dict[str, Target]) -> None:
    compared = 0
    for name, target in targets.items():
        if "endgeneration" not in _template(target):
            continue
        reference = _byte_tokenizer(target)
        for talk in (PLAIN, CALLED, THOUGHT):
            style = call_style(_template(target), tuple(sorted(target.facts.special_tokens.items())))
            if talk.tools and style is None:
                continue
            told = reference.apply_chat_template(
                template_messages(talk, style) if style else json.loads(json.dumps(_as_objects(talk))),
                tools=template_tools(talk), chat_template=_template(target), tokenize=True, return_dict=True,
                return_assistant_tokens_mask=True, bos_token="<s>", eos_token="</s>",
            )  # fmt: skip
            (row,) = target.tokenized([training_example(talk)])
            theirs = [at for at, mask in enumerate(told["assistant_masks"]) if mask]
            ours = [at for turn in row.rendered.turns for at in range(turn.start, turn.end)]
            assert ours == theirs, (name, talk)
            compared += 1
    assert compared >= 9


def _byte_tokenizer(target: Target) -> Any:
    """One token for each character."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def test_verdicts_on_all_of_them(targets: dict[str, Target]) -> None:
    found: dict[str, set[str]] = {}
    for name, target in targets.items():
        for remark in template_remarks(target):
            found.setdefault(remark.rule, set()).add(name)
    assert len(found["no-generation-tag"]) == 66
    assert {
        "GLM-4.6",
        "GLM-4.7-Flash",
        "tencent-Hy3",
        "Apriel-1.6-15b-Thinker-fixed",
        "Apertus-8B-Instruct",
    } <= (found["template-no-terminator"])
    assert len(found["template-no-terminator"]) == 6
    assert len(found["template-prompt-not-prefix"]) == 17
    assert len(found["system-later-dropped"]) == 8
    assert len(found["date-in-template"]) == 7
    assert len(found["template-drops-reasoning"]) + len(found["template-forgets-reasoning"]) == 55
