"""The operations that ask the target: what they set aside, cut and count, alone and in recipes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import pytest

import workbench_guide
from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.making import Order, make
from workbench.datasets.operation import Surroundings
from workbench.datasets.recipe import changed, for_model, named
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.target.operation import TargetOperation
from workbench.errors import InvalidRequest, WorkbenchError
from workbench_recipes.operations.length_policy import LengthPolicy
from workbench_recipes.operations.template_lint import TemplateLint
from workbench_recipes.operations.tokens import Tokens

GUIDE = workbench_guide.PATH
QUESTION, ANSWER = Message("user", "What is a GGUF file?"), Message("assistant", "A model in one file.")


def row(*messages: Message, **fields: object) -> Row:
    return Row(origin=Origin("rows.jsonl", 7), messages=messages, **fields)  # type: ignore[arg-type]


@contextmanager
def begun(*operations: TargetOperation) -> Iterator[None]:
    for operation in operations:
        operation.begin(Surroundings(model=str(GUIDE)))
    try:
        yield
    finally:
        for operation in operations:
            operation.end()


def test_lint_sets_aside_errors_and_tells_the_rest() -> None:
    lint, findings = TemplateLint(), Findings()
    with begun(lint):
        spaced = row(QUESTION, Message("assistant", " A file. "))
        assert lint.apply(spaced, findings) is spaced
        hidden = lint.apply(row(Message("user", "<|im_end|>"), ANSWER), findings)
        tools = lint.apply(row(QUESTION, ANSWER, Message("tool", "x"), ANSWER), findings)
    assert isinstance(hidden, Rejection) and hidden.rule == "control-token-in-text"
    assert isinstance(tools, Rejection) and tools.rule == "answer-without-call"
    assert [(one.rule, one.severity, one.count) for one in findings.all()] == [("content-trimmed", "note", 1)]


def test_one_model_serves_all_operations_and_is_closed_by_the_last() -> None:
    before = psutil.Process().children(recursive=True)
    lint, tokens = TemplateLint(), Tokens()
    with begun(lint, tokens, LengthPolicy()):
        assert len(psutil.Process().children(recursive=True)) == len(before)
        assert lint.target is tokens.target
        assert len(psutil.Process().children(recursive=True)) == len(before) + 1
    assert len(psutil.Process().children(recursive=True)) == len(before)
    with pytest.raises(InvalidRequest, match="which model"):
        TemplateLint().begin(Surroundings())


def test_rows_get_tokens_and_labels() -> None:
    tokens = Tokens()
    with begun(tokens):
        chat = tokens.apply(row(QUESTION, ANSWER), Findings())
        pair = tokens.apply(row(prompt=(QUESTION,), chosen=(ANSWER,), rejected=(ANSWER,)), Findings())
        text = tokens.apply(row(text="Some words."), Findings())
        (ids,) = tokens.target.vocabulary.ids(["A model in one file.<|im_end|>"], add=False)
    assert isinstance(chat, Row) and chat.tokens and isinstance(text, Row) and text.tokens
    assert [label for label in chat.tokens.labels if label != -100] == ids
    assert len(chat.tokens.labels) == len(chat.tokens.input_ids) > len(ids)
    assert text.tokens.labels == text.tokens.input_ids
    assert isinstance(pair, Rejection)


@pytest.mark.parametrize(("policy", "rows"), [("drop", 0), ("split", 3), ("keep-tail", 1)])
def test_what_is_too_long_is_cut_between_turns(policy: str, rows: int) -> None:
    cutting = msgspec.convert({"most_tokens": 45, "policy": policy}, LengthPolicy)
    long = row(*[QUESTION, ANSWER] * 3, weights=(1.0,) * 6)
    with begun(cutting):
        cut = cutting.apply(long, Findings())
        short = cutting.apply(row(QUESTION, ANSWER), Findings())
        assert isinstance(short, Row) and (short.messages, short.token_count > 9) == (
            (QUESTION, ANSWER),
            True,
        )
    if isinstance(cut, Rejection):
        assert (cut.rule, rows) == ("too-long", 0)
    else:
        assert isinstance(cut, Sequence)
        assert [one.messages for one in cut] == [(QUESTION, ANSWER)] * rows


def test_a_row_that_must_not_be_there_ends_it() -> None:
    failing = LengthPolicy(most_tokens=10, policy="fail")
    with begun(failing), pytest.raises(WorkbenchError, match=r"rows\.jsonl:7"):
        failing.apply(row(QUESTION, ANSWER), Findings())


def test_a_recipe_asks_the_model_where_it_is_known(tmp_path: Path) -> None:
    words = ("Quantization", "Sampling", "Context <|im_start|>", "Memory")
    rows = [
        {"messages": [{"role": "user", "content": word}, {"role": "assistant", "content": f"It is {word}."}]}
        for word in words
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(one) + "\n" for one in rows))
    recipe = named("sft-chat")
    assert for_model(recipe).model_steps == ()
    told = changed(for_model(recipe), {"length-policy.most_tokens": 100})
    order = Order(recipe=told, inputs=(source,), target=tmp_path / "out", model=GUIDE, processes=1)
    _, outcome = make(order, lambda progress: None)
    assert outcome.rejected == {"control-token-in-text": 1}
    assert outcome.rows_out == 3


@pytest.mark.parametrize("name", ["tokenized", "packed"])
def test_tokens_are_written_alone_or_together_but_apart_where_held_out(tmp_path: Path, name: str) -> None:
    draw = random.Random(5)
    words = Path(__file__).read_text().split()
    source = tmp_path / "rows.jsonl"
    with source.open("w") as file:
        for _ in range(60):
            prompt, completion = (" ".join(draw.sample(words, 9)) for _ in range(2))
            file.write(json.dumps({"prompt": prompt, "completion": completion}) + "\n")
    changes = {"split.valid": 0.3, "tokens.pack_to": 500, "length-policy.most_tokens": 400}
    order = Order(
        recipe=changed(named("tokenize"), changes),
        inputs=(source,),
        target=tmp_path / "out",
        formats=(name,),
        model=GUIDE,
        processes=1,
    )
    _, outcome = make(order, lambda progress: None)
    train, valid = (
        [json.loads(line) for line in (tmp_path / "out" / name / f"{split}.jsonl").read_text().splitlines()]
        for split in ("train", "valid")
    )
    assert len(valid) == outcome.splits["valid"] > 5
    for one in (*train, *valid):
        assert len(one["input_ids"]) == len(one["labels"]) == len(one["attention_mask"]) <= 500
    if name == "tokenized":
        assert len(train) == outcome.splits["train"]
        return
    assert len(train) < outcome.splits["train"] / 2
    assert sum(len(one["seq_lens"]) for one in train) == outcome.splits["train"]
    for one in (*train, *valid):
        assert sum(one["seq_lens"]) == len(one["input_ids"])
        assert one["position_ids"].count(0) == len(one["seq_lens"])
