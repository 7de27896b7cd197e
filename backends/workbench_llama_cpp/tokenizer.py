"""A model's vocabulary without its weights: an engine that tokenizes and does nothing else.

It opens as fast as the header can be read, however large the model is.
"""

from __future__ import annotations

import os

from workbench.backend import LoadProgress, ModelFacts
from workbench.errors import LoadCancelled
from workbench.gguf import Header, first_file, read_model
from workbench.vocabulary_engine import VocabularyEngine
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.refusals import load_error
from workbench_llama_cpp.vocabulary import Vocabulary


def open_tokenizer(path: str, progress: LoadProgress) -> LlamaCppVocabulary:
    """Raises a WorkbenchError with a remedy; then nothing stays loaded."""
    header = read_model(path)
    if not progress(0.0):
        raise LoadCancelled("Loading was cancelled.")
    return LlamaCppVocabulary(str(first_file(path)), header)


class LlamaCppVocabulary(VocabularyEngine):
    """Owns a model of which only the vocabulary was read."""

    _vocabulary: Vocabulary

    def __init__(self, path: str, header: Header) -> None:
        self._llama = llama()
        wanted = self._llama.llama_model_default_params()
        wanted.vocab_only = True
        log.clear()
        self._model = self._llama.llama_model_load_from_file(os.fsencode(path), wanted)
        if self._model is None:
            raise load_error(path, log.text())
        self._vocabulary = Vocabulary(self._model)
        self.facts = self._facts(header)

    def close(self) -> None:
        if self._model is not None:
            self._llama.llama_model_free(self._model)
            self._model = None

    def _facts(self, header: Header) -> ModelFacts:
        trained = header.metadata.get(f"{header.architecture}.context_length")
        length = trained if isinstance(trained, int) else 0
        return ModelFacts(
            architecture=header.architecture,
            context_length=length,
            trained_context=length,
            parallel=1,
            vocabulary_size=self._vocabulary.size,
            quantization=header.quantization,
            capabilities=frozenset(),
            chat_template=header.chat_template,
            tool_template=header.tool_template,
            special_tokens=self._vocabulary.special_tokens(),
            own_tokens=self._vocabulary.own_tokens(header.metadata.get("tokenizer.ggml.token_type")),
            first_token=self._vocabulary.first_token,
            end_tokens=self._vocabulary.end_tokens,
        )
