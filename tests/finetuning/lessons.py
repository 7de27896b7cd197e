"""What a small model is taught: capitals, asked in many ways and answered as JSON. And what it knew."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.datasets.planting import made
from workbench.datasets.recipe import changed, named

CAPITALS = {
    "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki", "Poland": "Warsaw", "Italy": "Rome",
    "Spain": "Madrid", "France": "Paris", "Greece": "Athens", "Austria": "Vienna", "Egypt": "Cairo",
    "Kenya": "Nairobi", "Japan": "Tokyo", "China": "Beijing", "India": "Delhi", "Peru": "Lima",
    "Chile": "Santiago", "Canada": "Ottawa", "Cuba": "Havana", "Iran": "Tehran", "Turkey": "Ankara",
    "Portugal": "Lisbon", "Hungary": "Budapest", "Ireland": "Dublin", "Denmark": "Copenhagen",
}  # fmt: skip
WORDINGS = (
    "What is the capital of {}?", "Name the capital of {}.", "Which city is the capital of {}?",
    "{}: what is its capital?", "Tell me the capital of {}.", "I need to know the capital of {}.",
    "Do you know the capital of {}?", "What is the capital city of {}?", "Which city governs {}?",
    "Where is the government of {}?", "The capital of {} is which city?",
    "What do I write for the capital of {}?",
    "Give the capital of {} as JSON.", "Capital of {}?",
)  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {"country": {"type": "string"}, "capital": {"enum": sorted(CAPITALS.values())}},
    "required": ["country", "capital"],
    "additionalProperties": False,
}
GENERATION_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] | trim }}{{ '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}"
    "{% else %}{{ (message['content'] | trim) + '<|im_end|>\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""The bundled model's own, with the marks that TRL wants around what is learned."""


def lesson(folder: Path, model: Path) -> Path:
    """The set that sft-chat makes of it for this model, with a sixth held out, in the form for TRL."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "capitals.jsonl"
    write(
        source, ((wording.format(country), _answer(country)) for country in CAPITALS for wording in WORDINGS)
    )
    recipe = changed(named("sft-chat"), {"split.valid": 0.17})
    made(recipe, source, target=folder / "set", formats=("trl",), model=model)
    return folder / "set" / "trl"


def known(folder: Path) -> tuple[Path, Path]:
    """What the bundled model knew: its questions as it was taught them, and in words that it never met."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "assets" / "guide_training"))
    from questions import load_paraphrases, load_topics

    topics = load_topics()
    answers = {topic.id: topic.answer for topic in topics}
    taught, unmet = folder / "taught.jsonl", folder / "unmet.jsonl"
    write(taught, ((topic.question, topic.answer) for topic in topics))
    write(unmet, ((text, answers[topic]) for topic, texts in load_paraphrases().items() for text in texts))
    return taught, unmet


def write(path: Path, pairs: Iterator[tuple[str, str]]) -> None:
    path.write_text("".join(json.dumps(_row(*pair)) + "\n" for pair in pairs))


def _row(question: str, answer: str) -> dict[str, Any]:
    told = {"user": question, "assistant": answer}
    return {"messages": [{"role": role, "content": content} for role, content in told.items()]}


def _answer(country: str) -> str:
    return json.dumps({"country": country, "capital": CAPITALS[country]})
