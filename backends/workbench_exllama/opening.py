"""Open a folder with the engine that made its kind, or say in one sentence why not."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from workbench.backend import Capability, Engine, LoadProgress, ModelFacts
from workbench.engine_settings import EngineSettings
from workbench.errors import (
    DoesNotFit,
    EngineUnavailable,
    InvalidModel,
    LoadCancelled,
    WorkbenchError,
)
from workbench.vocabulary_engine import VocabularyEngine
from workbench_exllama.engine import ExllamaEngine
from workbench_exllama.generation import Generation
from workbench_exllama.memory import estimate
from workbench_exllama.model_config import ExllamaModel, read_folder
from workbench_exllama.packages import how_to_install, installed
from workbench_exllama.settings import ENGINES, check, context_length
from workbench_exllama.vocabulary import Vocabulary

_WITHOUT_ROOM = ("Insufficient VRAM", "out of memory")
_ABILITIES: frozenset[Capability] = frozenset({"generate", "logprobs", "constrain"})


def open_engine(path: str, settings: EngineSettings, progress: LoadProgress) -> Engine:
    """Raises a WorkbenchError with a remedy; then nothing stays loaded."""
    model = read_folder(Path(path))
    if not settings.vocabulary_only:
        check(settings, model)
    if not progress(0.0):
        raise LoadCancelled("Loading was cancelled.")
    vocabulary = Vocabulary(model.folder, model.vocabulary_size, model.end_tokens)
    if settings.vocabulary_only:
        return _VocabularyAlone(model, vocabulary)
    length = context_length(settings, model)
    generation = _loaded(model, vocabulary, settings, length, progress)
    facts = _facts(
        model,
        vocabulary,
        context_length=length,
        parallel=generation.parallel,
        capabilities=_ABILITIES,
        placement=generation.placement,
        notices=(*settings.context_notices(length, model.trained_context), *generation.notices),
    )
    return ExllamaEngine(generation, vocabulary, facts)


def _loaded(
    model: ExllamaModel,
    vocabulary: Vocabulary,
    settings: EngineSettings,
    length: int,
    progress: LoadProgress,
) -> Generation:
    name = ENGINES[model.format]
    kind = _generation_kind(model)
    try:
        generation: Generation = kind(model, vocabulary, settings, length, progress)
    except WorkbenchError:
        raise
    except Exception as error:  # the engines raise whatever their parts do
        if any(said in str(error) for said in _WITHOUT_ROOM):
            raise _too_large(model, settings, length) from None
        raise InvalidModel(
            f"{name} cannot load {model.folder.name}: {error or type(error).__name__}.",
            f"Update {name}, or take a GGUF file of the model.",
        ) from error
    return generation


def _generation_kind(model: ExllamaModel) -> Any:
    """Imports the engine. Raises EngineUnavailable."""
    name = ENGINES[model.format]
    remedy = how_to_install(name)
    if not installed(name):
        raise EngineUnavailable(f"{model.format.upper()} models need {name}, which is not here.", remedy)
    try:
        module = importlib.import_module(f"workbench_exllama.{model.format}")
    except Exception as error:  # it compiles its kernels while it is imported
        raise EngineUnavailable(f"{name} cannot be used here: {error}.", remedy) from error
    return module.Exl2Generation if model.format == "exl2" else module.Exl3Generation


def _too_large(model: ExllamaModel, settings: EngineSettings, length: int) -> DoesNotFit:
    gpu = estimate(model, settings, length).devices[0].total_bytes / (1 << 30)
    return DoesNotFit(
        f"{model.folder.name} does not fit: with {settings.parallel} x {length} tokens it takes about "
        f"{gpu:.1f} GiB on the GPU.",
        "Load it with less --context or --parallel, or --kv-type q4_0.",
    )


def _facts(model: ExllamaModel, vocabulary: Vocabulary, **more: Any) -> ModelFacts:
    return ModelFacts(
        architecture=model.architecture,
        trained_context=model.trained_context,
        vocabulary_size=vocabulary.size,
        size_bytes=model.weights_bytes,
        quantization=model.quantization,
        chat_template=vocabulary.chat.template,
        tool_template=vocabulary.chat.tool_template,
        special_tokens=vocabulary.chat.special_tokens,
        own_tokens=vocabulary.own_tokens,
        first_token=vocabulary.first_token,
        end_tokens=vocabulary.end_tokens,
        **more,
    )


class _VocabularyAlone(VocabularyEngine):
    """Needs neither a GPU nor an engine."""

    def __init__(self, model: ExllamaModel, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        length = model.trained_context
        self.facts = _facts(model, vocabulary, context_length=length, parallel=1, capabilities=frozenset())

    def close(self) -> None:
        """There is nothing to give back."""
