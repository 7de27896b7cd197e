"""Load a model file and make its context, or say in one sentence why not.

Knows nothing of requests.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any

from workbench.backend import Capability, LoadProgress, ModelFacts
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel, InvalidRequest, LoadCancelled
from workbench.gguf import Header, check_whole, first_file, read_model
from workbench_llama_cpp import parameters, pooling
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.cache import takes_back
from workbench_llama_cpp.draft_vocabulary import check_vocabulary
from workbench_llama_cpp.embedding_shape import causal
from workbench_llama_cpp.memory import check_memory
from workbench_llama_cpp.projector import Projector
from workbench_llama_cpp.refusals import context_error, load_error
from workbench_llama_cpp.vocabulary import Vocabulary


@dataclass(slots=True)
class Loaded:
    """A model in memory: its handle, and what was learned while loading, `notices` for whoever uses it.

    `draft` is the model that drafts for it.
    """

    path: str
    model: Any
    header: Header
    settings: EngineSettings
    context_length: int
    vocabulary: Vocabulary
    kept: list[object]
    notices: tuple[str, ...]
    draft: Loaded | None = None
    projector: Projector | None = None

    def free(self) -> None:
        for part in (self.draft, self.projector):
            if part is not None:
                part.free()
        if self.model is not None:
            llama().llama_model_free(self.model)
            self.model = None


def load(path: str, settings: EngineSettings, progress: LoadProgress) -> Loaded:
    """Raises a WorkbenchError with a remedy, DoesNotFit before anything is loaded; then nothing stays."""
    header = read_model(path)
    check_whole(header)
    path = str(first_file(path))
    parameters.check(settings)
    pooling.pooling(header, settings)
    draft = _draft_header(header, settings)
    tight = check_memory(header, settings, draft)
    whole = header.weights_bytes + (draft.weights_bytes if draft else 0)
    share = header.weights_bytes / whole if whole else 1.0
    model, kept = _load_weights(path, settings, lambda done: progress(done * share))
    length = parameters.context_length(settings, _trained_context(model))
    loaded = Loaded(path, model, header, settings, length, Vocabulary(model), kept, tight)
    try:
        if draft is not None and settings.draft and takes_back(model):
            loaded.draft = _load_draft(
                settings.draft,
                settings.for_draft(length, draft.context_length),
                lambda done: progress(share + done * (1 - share)),
            )
        _add_projector(loaded)
    except BaseException:
        loaded.free()
        raise
    return loaded


def _draft_header(header: Header, settings: EngineSettings) -> Header | None:
    """Raises InvalidRequest for a model that cannot draft for this one."""
    if settings.draft is None:
        return None
    draft = read_model(settings.draft)
    check_vocabulary(header, draft)
    return draft


def _load_draft(path: str, settings: EngineSettings, progress: LoadProgress) -> Loaded:
    draft = load(path, settings, progress)
    if "generate" not in _capabilities(draft) or not takes_back(draft.model):
        draft.free()
        raise InvalidRequest(
            f"{draft.header.source_name} cannot draft: it does not continue text token by token, or cannot "
            "take tokens back.",
            "Use another draft model.",
        )
    return draft


def _add_projector(loaded: Loaded) -> None:
    """One that nobody asked for may be another model's."""
    settings = loaded.settings
    if not settings.projector:
        return
    try:
        loaded.projector = Projector(settings.projector, loaded.model, loaded.vocabulary, settings)
    except InvalidModel as error:
        if not settings.projector_found:
            raise
        loaded.notices += (f"Loaded without images and sounds: {error.message}",)


def make_context(loaded: Loaded) -> Any:
    """A context that serves all requests."""
    log.clear()
    wanted = parameters.context_parameters(loaded.settings, loaded.context_length)
    context = llama().llama_init_from_model(loaded.model, wanted)
    if context is None:
        raise context_error(log.text(), loaded.settings, loaded.context_length)
    apply_loras(loaded, context)
    return context


def facts(loaded: Loaded) -> ModelFacts:
    functions, model = llama(), loaded.model
    template = functions.llama_model_chat_template(model, None)
    return ModelFacts(
        architecture=loaded.header.architecture,
        context_length=loaded.context_length,
        trained_context=_trained_context(model),
        parallel=loaded.settings.parallel,
        vocabulary_size=loaded.vocabulary.size,
        parameters=functions.llama_model_n_params(model),
        size_bytes=functions.llama_model_size(model),
        quantization=loaded.header.quantization,
        capabilities=(abilities := _capabilities(loaded)),
        embedding_length=functions.llama_model_n_embd_out(model) if "embed" in abilities else 0,
        chat_template=template.decode() if template else None,
        tool_template=loaded.header.tool_template,
        special_tokens=loaded.vocabulary.special_tokens(),
        own_tokens=loaded.vocabulary.own_tokens(loaded.header.metadata.get("tokenizer.ggml.token_type")),
        first_token=loaded.vocabulary.first_token,
        end_tokens=loaded.vocabulary.end_tokens,
        placement=_placement(model, loaded.settings),
        notices=tuple(_notices(loaded)),
    )


def _capabilities(loaded: Loaded) -> frozenset[Capability]:
    """Text from models that read left to right alone; vectors from those that name a pooling."""
    functions, header = llama(), loaded.header
    other = functions.llama_model_has_encoder(loaded.model) or functions.llama_model_is_diffusion(
        loaded.model
    )
    text: set[Capability] = {"generate", "logprobs", "constrain"} if causal(header) and not other else set()
    pooled = pooling.capability(header, loaded.settings)
    senses = loaded.projector.capabilities if text and loaded.projector else frozenset()
    return frozenset(text | ({pooled} if pooled else set()) | senses)


def _load_weights(path: str, settings: EngineSettings, progress: LoadProgress) -> tuple[Any, list[object]]:
    cancelled = False

    def report(share: float) -> bool:
        nonlocal cancelled
        cancelled = cancelled or not progress(share)
        return not cancelled

    log.clear()
    wanted, kept = parameters.model_parameters(settings, report)
    model = llama().llama_model_load_from_file(os.fsencode(path), wanted)
    if cancelled:
        if model is not None:
            llama().llama_model_free(model)
        raise LoadCancelled("Loading was cancelled.")
    if model is None:
        raise load_error(path, log.text())
    return model, kept


def _trained_context(model: Any) -> int:
    return int(llama().llama_model_n_ctx_train(model))


def _placement(model: Any, settings: EngineSettings) -> str:
    if not parameters.gpu_count() or settings.gpu_layers == 0:
        return "CPU"
    layers = int(llama().llama_model_n_layer(model)) + 1  # the output layer counts as one
    offloaded = layers if settings.gpu_layers is None else min(settings.gpu_layers, layers)
    return f"{offloaded} of {layers} layers on the GPU"


def _notices(loaded: Loaded) -> list[str]:
    trained, length = _trained_context(loaded.model), loaded.context_length
    notices = [*loaded.notices, *loaded.settings.context_notices(length, trained)]
    if loaded.settings.usual_speculation != "off" and not takes_back(loaded.model):
        notices.append("Nothing is drafted: this kind of model cannot take back tokens.")
    if loaded.settings.gpu_layers and not parameters.gpu_count():
        notices.append("llama.cpp sees no GPU here: all layers are on the CPU.")
    return notices


def apply_loras(loaded: Loaded, context: Any) -> None:
    functions, loras = llama(), loaded.settings.lora
    adapters = []
    for lora in loras:
        adapter = functions.llama_adapter_lora_init(loaded.model, os.fsencode(lora.path))
        if not adapter:
            functions.llama_free(context)
            raise InvalidModel(
                f"{lora.path} is no LoRA adapter for this model.", "Take one made for this model."
            )
        adapters.append(adapter)
    if adapters:
        handles = (functions.llama_adapter_lora_p_ctypes * len(adapters))(*adapters)
        scales = (ctypes.c_float * len(adapters))(*(lora.scale for lora in loras))
        functions.llama_set_adapters_lora(context, handles, len(adapters), scales)
