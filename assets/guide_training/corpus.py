"""The training text: conversations and stories, packed into rows of tokens with a weight for each.

Everything is drawn from one seeded generator, so the same seed gives the same rows. The corpus does
not know how many rows will be asked of it, and holds none of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import numpy
from numpy.typing import NDArray
from outside import Outside, load_outside
from phrasing import normalise
from plain_english import story
from questions import Frames, Topic, held_out_keys, load_frames, load_topics, write_known
from tokenizer import END_OF_TEXT, TURN_END, TURN_START, encode, encode_roughly
from tokenizers import Tokenizer

QUESTION_WEIGHT = 0.15
CUT_SHARE, CUT_LENGTH = 0.65, 10
STORY_SHARE = 0.06
SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are the guide of the workbench.",
    "Answer briefly.",
    "Be concise and honest.",
    "You are a helpful, honest assistant. Answer in plain English.",
    "You answer questions about local models.",
    "You are a friendly AI assistant.",
    "Say so if you do not know something.",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(slots=True)
class Corpus:
    """Endless training text from one random generator."""

    rng: Random
    topics: tuple[Topic, ...]
    frames: Frames
    outside: Outside
    held_out: frozenset[str]

    def turn(self) -> Turn:
        """A question the guide knows, or does not know, with its answer; never a held-out one."""
        while True:
            turn = self._known() if self.rng.random() < 0.52 else self._unknown()
            if normalise(turn.question) not in self.held_out:
                return turn

    def conversation(self) -> tuple[str | None, list[Turn]]:
        """A system prompt, or none, and one to five turns."""
        system = self.rng.choice(SYSTEM_PROMPTS) if self.rng.random() < 0.25 else None
        return system, [self.turn() for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3, 5)))]

    def texts(self, count: int) -> Iterator[str]:
        """Plain text of `count` turns and some stories, to train the tokenizer on."""
        for index in range(count):
            turn = self.turn()
            yield turn.question
            yield turn.answer
            if index % 12 == 0:
                yield story(self.rng)

    def _known(self) -> Turn:
        topic = self.rng.choice(self.topics)
        return Turn(write_known(topic, self.frames, self.rng), topic.answer)

    def _unknown(self) -> Turn:
        return Turn(self.outside.write(self.frames, self.rng), self.outside.answer)


def load_corpus(seed: int) -> Corpus:
    """The corpus of the files beside this module."""
    topics = load_topics()
    return Corpus(Random(seed), topics, load_frames(), load_outside(topics), held_out_keys())


@dataclass(slots=True)
class Packer:
    """Cuts the endless text of a corpus into rows of tokens.

    Answers are fixed, and which one it will be is settled by its first few tokens. Most conversations are
    therefore cut soon after the last answer begins, which leaves room for more questions.
    """

    corpus: Corpus
    tokenizer: Tokenizer
    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def rows(self, count: int, length: int) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32]]:
        """`count` rows of `length` + 1 tokens and the weight of each token in the loss."""
        rows = [self._row(length + 1) for _ in range(count)]
        tokens = numpy.array([row[0] for row in rows], dtype=numpy.int64)
        return tokens, numpy.array([row[1] for row in rows], dtype=numpy.float32)

    def _row(self, length: int) -> tuple[list[int], list[float]]:
        self.tokens, self.weights = [], []
        while len(self.tokens) < length:
            if self.corpus.rng.random() < STORY_SHARE:
                self._add([*encode(self.tokenizer, story(self.corpus.rng)), END_OF_TEXT], 1.0)
            else:
                self._add_conversation()
        return self.tokens[:length], self.weights[:length]

    def _add_conversation(self) -> None:
        system, turns = self.corpus.conversation()
        if system is not None:
            self._add(self._message("system", encode(self.tokenizer, system)), 0.0)
        for turn in turns:
            self._add_question(turn.question)
            self._add_answer(turn.answer)
        if self.corpus.rng.random() < CUT_SHARE:
            excess = max(0, len(encode(self.tokenizer, turns[-1].answer)) + 2 - CUT_LENGTH)
            del self.tokens[len(self.tokens) - excess :], self.weights[len(self.weights) - excess :]
            self._add([END_OF_TEXT], 0.0)
        else:
            self._add([END_OF_TEXT], 1.0)

    def _add_question(self, question: str) -> None:
        rough = self.corpus.rng.random() < 0.3
        tokens = encode(self.tokenizer, question)
        if rough:
            tokens = encode_roughly(self.tokenizer, question, self.corpus.rng)
        self._add(self._message("user", tokens), 0.0 if rough else QUESTION_WEIGHT)

    def _add_answer(self, answer: str) -> None:
        self._add([TURN_START, *encode(self.tokenizer, "assistant\n")], 0.0)
        self._add([*encode(self.tokenizer, answer), TURN_END], 1.0)
        self._add(encode(self.tokenizer, "\n"), 0.0)

    def _message(self, role: str, content: list[int]) -> list[int]:
        newline = encode(self.tokenizer, "\n")
        return [TURN_START, *encode(self.tokenizer, f"{role}\n"), *content, TURN_END, *newline]

    def _add(self, tokens: list[int], weight: float) -> None:
        self.tokens.extend(tokens)
        self.weights.extend([weight] * len(tokens))
