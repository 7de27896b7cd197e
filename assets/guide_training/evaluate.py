"""Asks a GGUF every question through llama.cpp and counts the right answers.

`python evaluate.py [guide.gguf]` prints a table. An answer is right when it is the topic's answer to the
letter, at temperature 0; a share below its bar gives exit code 1. It knows nothing of training: it asks the
topics' own questions and the held-out ones.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llama_cpp import Llama
from outside import load_outside
from questions import load_outside_questions, load_paraphrases, load_topics

CONTEXT_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the only right answer to it."""

    question: str
    expected: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A case that got another answer."""

    case: Case
    answer: str


@dataclass(frozen=True, slots=True)
class Score:
    """The outcome of one group of cases."""

    group: str
    total: int
    bar: float
    misses: tuple[Miss, ...]

    @property
    def share(self) -> float:
        """The share of right answers, from 0 to 1."""
        return 1 - len(self.misses) / self.total

    @property
    def passed(self) -> bool:
        """Whether the share reaches the bar."""
        return self.share >= self.bar


def groups() -> dict[str, tuple[float, list[Case]]]:
    """The cases of each group, with the share that must be right."""
    topics = load_topics()
    answers = {topic.id: topic.answer for topic in topics}
    unknown = load_outside(topics).answer
    held_out = load_paraphrases().items()
    paraphrases = [Case(text, answers[topic]) for topic, texts in held_out for text in texts]
    return {
        "known": (1.0, [Case(topic.question, topic.answer) for topic in topics]),
        "paraphrases": (0.8, paraphrases),
        "outside": (0.85, [Case(text, unknown) for text in load_outside_questions()]),
    }


def open_model(path: Path) -> Llama:
    """The model at `path`, on the CPU."""
    return Llama(str(path), n_ctx=CONTEXT_LENGTH, n_gpu_layers=0, logits_all=True, verbose=False)


def ask(model: Llama, *turns: str, system: str | None = None) -> str:
    """The answer to the last of `turns`, after the model has answered those before it."""
    messages = [{"role": "system", "content": system}] if system else []
    answer = ""
    for turn in turns:
        messages.append({"role": "user", "content": turn})
        reply = model.create_chat_completion(messages, temperature=0.0, max_tokens=128)
        answer = str(reply["choices"][0]["message"]["content"])
        messages.append({"role": "assistant", "content": answer})
    return answer


def answers(model: Llama, case: Case) -> bool:
    """Whether the likeliest tokens after the question are those of the expected answer, to its end.

    One pass over question and answer decides it, which is many times faster than generating.
    """
    prompt = f"<|im_start|>user\n{case.question}<|im_end|>\n<|im_start|>assistant\n"
    start = model.tokenize(prompt.encode(), add_bos=False, special=True)
    expected = [*model.tokenize(case.expected.encode(), add_bos=False), model.token_eos()]
    model.reset()
    model.eval([*start, *expected])
    likeliest = model.scores[len(start) - 1 : len(start) + len(expected) - 1].argmax(axis=-1)
    return bool(likeliest.tolist() == expected)


def score(model: Llama, group: str, bar: float, cases: Sequence[Case]) -> Score:
    """Ask `model` every case of a group."""
    missed = [case for case in cases if not answers(model, case)]
    return Score(group, len(cases), bar, tuple(Miss(case, ask(model, case.question)) for case in missed))


def report(result: Score, *, show_misses: bool) -> None:
    """Print one line for the group, and its misses if asked for."""
    verdict = "ok" if result.passed else "BELOW"
    right = result.total - len(result.misses)
    counts = f"{right:4}/{result.total:<4} {result.share:7.1%}"
    print(f"{result.group:12} {counts}  bar {result.bar:4.0%}  {verdict}")
    if show_misses:
        for miss in result.misses:
            print(f"    {miss.case.question}\n      -> {miss.answer}")


def main() -> int:
    """Print a table; return 1 when a group is below its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    bundled = Path(__file__).parents[1] / "workbench_guide" / "guide.gguf"
    parser.add_argument("model", type=Path, nargs="?", default=bundled)
    parser.add_argument("--misses", action="store_true", help="print every wrong answer")
    arguments = parser.parse_args()
    model = open_model(arguments.model)
    results = [score(model, group, bar, cases) for group, (bar, cases) in groups().items()]
    for result in results:
        report(result, show_misses=arguments.misses)
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
