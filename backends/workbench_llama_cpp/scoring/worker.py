"""The scoring process: loads one model and computes what it is given.

python -m workbench_llama_cpp.scoring.worker
"""

from __future__ import annotations

import mmap
import os

import numpy as np
from numpy.typing import NDArray

from workbench.errors import Unsupported
from workbench_llama_cpp import loading
from workbench_llama_cpp.frames import Message
from workbench_llama_cpp.job_worker import Say, serve
from workbench_llama_cpp.scoring import messages
from workbench_llama_cpp.scoring.sequence import Sequence, most_outputs


class Worker:
    """A model, one sequence, and the memory that the owner sees as well."""

    def __init__(self, question: messages.Open) -> None:
        self._loaded = loading.load(question.model, question.settings, lambda share: True)
        self._facts = loading.facts(self._loaded)
        if "generate" not in self._facts.capabilities:
            raise Unsupported(
                f"{question.model} does not continue text, so there is nothing to score.",
                "Take a model that does.",
            )
        self._sequence = Sequence(self._loaded)
        self._logits = _shared(question.shared, self._loaded.vocabulary.size)

    def opened(self) -> messages.Opened:
        return messages.Opened(
            vocabulary_size=self._loaded.vocabulary.size,
            first_token=self._facts.first_token,
            end_tokens=self._facts.end_tokens,
            most_outputs=len(self._logits),
            chat_template=self._facts.chat_template,
            special_tokens=self._facts.special_tokens,
        )

    def answer(self, question: messages.Question) -> Message:
        match question:
            case messages.Tokenize(text, special):
                tokens = self._loaded.vocabulary.tokenize(text, special, add=True)
                return messages.Tokens(np.array(tokens, np.int32).tobytes())
            case messages.Extend(tokens, outputs, anew):
                if anew:
                    self._sequence.forget()
                self._sequence.extend(np.frombuffer(tokens, np.int32), outputs, self._logits)
                return messages.Extended()
            case messages.Open():
                return self.opened()


def _shared(handle: int, vocabulary_size: int) -> NDArray[np.float32]:
    rows = most_outputs(vocabulary_size)
    size = rows * vocabulary_size * 4
    os.ftruncate(handle, size)
    return np.frombuffer(mmap.mmap(handle, size), np.float32).reshape(rows, vocabulary_size)


def main() -> None:
    opened: list[Worker] = []

    def do(job: bytes, say: Say) -> None:
        question = messages.question(job)
        if isinstance(question, messages.Open):
            opened.append(Worker(question))
        say(opened[0].answer(question))

    serve(do, abandon=lambda: None)


if __name__ == "__main__":
    main()
