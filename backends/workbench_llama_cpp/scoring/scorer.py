"""The scorer as its owner has it: a process for each open model, and the memory shared with it."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, Unsupported, error_of_kind
from workbench.ports import ScoredModel, Scorer
from workbench_llama_cpp.frames import Refused
from workbench_llama_cpp.job_process import JobProcess
from workbench_llama_cpp.scoring import messages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MEANINGLESS = ("pooling", "prompt_cache_bytes", "vocabulary_only")


class LlamaCppScorer(Scorer):
    """Opens GGUF files."""

    def open(self, model: str, settings: EngineSettings) -> ScoredModel:
        refused = [name for name in _MEANINGLESS if getattr(settings, name)]
        if settings.output_rows > 1 or refused:
            name = refused[0] if refused else "parallel requests or drafts"
            raise Unsupported(f"Scoring knows no {name.replace('_', ' ')}.", "Leave that setting out.")
        return LlamaCppScoredModel(model, settings)


class LlamaCppScoredModel(ScoredModel):
    """Owns the process."""

    def __init__(self, model: str, settings: EngineSettings) -> None:
        import numpy as np

        self._numpy = np
        self.name = Path(model).name
        shared = _memory_file()
        self._process = JobProcess("workbench_llama_cpp.scoring.worker", "computed a text", handles=(shared,))
        try:
            memory = self._opened(messages.Open(model, settings, shared), shared)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(shared)
        self._logits = np.frombuffer(memory, np.float32).reshape(self.most_outputs, self.vocabulary_size)

    def _opened(self, question: messages.Open, shared: int) -> mmap.mmap:
        opened = self._ask(question)
        assert isinstance(opened, messages.Opened)
        self.vocabulary_size = opened.vocabulary_size
        self.first_token = opened.first_token
        self.end_tokens = opened.end_tokens
        self.most_outputs = opened.most_outputs
        self.chat_template = opened.chat_template
        self.special_tokens = opened.special_tokens
        return mmap.mmap(shared, 4 * self.most_outputs * self.vocabulary_size, prot=mmap.PROT_READ)

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        found = self._ask(messages.Tokenize(text, special))
        assert isinstance(found, messages.Tokens)
        tokens: list[int] = self._numpy.frombuffer(found.tokens, self._numpy.int32).tolist()
        return tokens

    def extend(
        self, tokens: Sequence[int] | NDArray[np.int32], outputs: int, *, anew: bool = False
    ) -> NDArray[np.float32]:
        data = self._numpy.asarray(tokens, self._numpy.int32).tobytes()
        self._ask(messages.Extend(data, outputs, anew))
        return self._logits[:outputs]

    def close(self) -> None:
        self._process.close()

    def _ask(self, question: messages.Question) -> messages.Answer:
        if self._process.pid is None and not isinstance(question, messages.Open):
            raise EngineDied("The model is no longer open.", "Open it again.")
        heard: list[messages.Answer] = []

        def take(body: bytes | None) -> bool:
            heard.extend([] if body is None else [messages.answer(body)])
            return bool(heard)

        self._process.run(question, take)
        if isinstance(heard[0], Refused):
            raise error_of_kind(heard[0].kind, heard[0].message, heard[0].remedy)
        return heard[0]


def _memory_file() -> int:
    """An open file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("logits")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
