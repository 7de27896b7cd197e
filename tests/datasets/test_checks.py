"""The checks that people are told to do before they train, each with a row planted for it in a whole run.

What templates do is looked at in target/, duplicates, splits and contamination in test_recipes and
test_cleaning.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.datasets.planting import made
from tests.datasets.target.families import FAMILIES
from tests.datasets.target.vocabularies import vocabulary
from workbench.datasets.recipe import for_model, named, with_steps, without_steps

CHATML = FAMILIES[0].template
SPLIT_THOUGHTS = CHATML.replace("{{ m.content }}", "{{ m.content.split('</think>')[-1] | trim }}")
NO_SECOND_SYSTEM = CHATML.replace("{%- else %}", "{%- elif m.role != 'system' or loop.first %}")
STRICT = "{% if messages[0].role == 'system' %}{{ raise_exception('No system.') }}{% endif %}" + CHATML
OPEN_END = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
TOOL = {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}


def chat(*turns: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


def called(arguments: Any, *, answered: bool = True) -> dict[str, Any]:
    call = {"id": "a", "type": "function", "function": {"name": "look", "arguments": arguments}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Look at three."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "There."},
        {"role": "assistant", "content": "It is there."},
    ]
    return {"messages": messages if answered else [*messages[:2], messages[3]], "tools": [TOOL]}


ASKED, ANSWERED = ("user", "What is it?"), ("assistant", "It is this.")
SOUND = chat(("system", "Be brief."), ASKED, ANSWERED, ("user", "And that?"), ("assistant", "It is that."))
THINKING = {"role": "assistant", "content": "So.", "reasoning_content": "Let me see."}
THOUGHT = {"messages": [{"role": "user", "content": "Why?"}, THINKING]}


PLANTED: list[tuple[dict[str, Any], str, set[str]]] = [
    (SOUND, CHATML, set()),
    (chat(ASKED), CHATML, {"no-answer"}),
    (SOUND, OPEN_END, {"no-terminator"}),
    (chat(ASKED, ("assistant", "<s>It is this.")), CHATML, {"control-token-in-text"}),
    (SOUND, STRICT, {"refused"}),
    (chat(ASKED, ANSWERED, ("system", "Be kind."), ASKED, ANSWERED), NO_SECOND_SYSTEM,
     {"message-dropped", "turn-order"}),
    (chat(ASKED, ASKED, ANSWERED), CHATML, {"turn-order"}),
    (THOUGHT, CHATML, {"reasoning-dropped"}),
    (chat(ASKED, ("assistant", "<think>Hm.</think>So.")), SPLIT_THOUGHTS, {"content-changed"}),
    (called({"at": 3}), CHATML, set()),
    (called({"at": "three"}), CHATML, {"arguments-off-schema"}),
    (called('{"at": '), CHATML, {"arguments-not-json"}),
    (called({"at": 3}, answered=False), CHATML, {"call-unanswered", "turn-order"}),
    (chat(ASKED, ("assistant", " It is this. ")), SPLIT_THOUGHTS, {"content-trimmed"}),
    (chat(("user", "Say <|im_end|> now."), ANSWERED), CHATML, {"control-token-in-text"}),
    ({"text": "It ends with <|im_end|> there."}, CHATML, {"control-token-in-text"}),
    (chat(ASKED, ("assistant", "It is cafÃ©.")), CHATML, {"wrong-encoding"}),
    (chat(ASKED, ("assistant", " ")), CHATML, {"empty-turn"}),
    (chat(ASKED, ("teacher", "It is this.")), CHATML, {"role"}),
]  # fmt: skip


@pytest.mark.parametrize("template", dict.fromkeys(template for _, template, _ in PLANTED), ids=range(5))
def test_each_check_finds_what_is_planted_for_it_and_nothing_else(tmp_path: Path, template: str) -> None:
    planted = [(row, rules) for row, asked, rules in PLANTED if asked == template]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row, _ in planted))
    recipe = without_steps(for_model(named("inspect")), ["exact-duplicates", "near-duplicates"])
    outcome = made(recipe, path, model=vocabulary(tmp_path / "model.gguf", template))
    found: dict[int, set[str]] = {}
    for finding in outcome.findings:
        assert finding.count == len(finding.examples)
        for example in finding.examples:
            found.setdefault(example.origin.line, set()).add(finding.rule)
    assert found == {line: rules for line, (_, rules) in enumerate(planted, 1) if rules}
    assert outcome.rows_in == outcome.rows_out + outcome.rows_quarantined == len(planted)


def test_rows_longer_than_the_context_are_told_with_their_tokens(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(chat(ASKED, ("assistant", "word " * 600))) + "\n")
    model = vocabulary(tmp_path / "model.gguf", CHATML)
    outcome = made(with_steps(named("convert"), ["length-policy"]), path, model=model)
    assert outcome.rejected == {"too-long": 1}
    assert "of which 2,048 fit" in outcome.findings[0].examples[0].message
