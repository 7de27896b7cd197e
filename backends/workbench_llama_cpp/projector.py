"""What lets a model see or hear: a file of its own, which turns images and sounds into embeddings.

Prompts may be read on any thread; what is in them is computed on the engine's alone. Knows nothing of slots.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

from workbench.backend import Capability
from workbench.conversation import Medium
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel
from workbench.gguf import check_whole, read_header
from workbench_llama_cpp import parameters
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.bitmaps import invalid
from workbench_llama_cpp.mixed_prompt import Chunk, MixedPrompt, read_prompt
from workbench_llama_cpp.mtmd import mtmd
from workbench_llama_cpp.vocabulary import Vocabulary


class Projector:
    """Bound to one loaded model; closed before that is freed."""

    def __init__(self, path: str, model: Any, vocabulary: Vocabulary, settings: EngineSettings) -> None:
        """Raises InvalidModel where the file is no projector, or another model's."""
        header = read_header(path)
        check_whole(header)
        self._mtmd, self._vocabulary, self._settings = mtmd(), vocabulary, settings
        log.clear()
        self._handle = self._mtmd.mtmd_init_from_file(os.fsencode(path), model, _parameters(settings))
        if not self._handle:
            raise InvalidModel(
                f"{header.source_name} is no projector for this model: {log.reason()}.",
                "Take the mmproj file that was published with the model.",
            )
        sees, hears = self._mtmd.mtmd_support_vision, self._mtmd.mtmd_support_audio
        kinds: dict[Capability, Any] = {"vision": sees, "audio": hears}
        self.capabilities = frozenset(kind for kind, has in kinds.items() if has(self._handle))

    def read(self, parts: Sequence[str | Medium]) -> MixedPrompt:
        """The prompt as the model gets it. Raises InvalidRequest, naming the medium at fault."""
        for medium in (part for part in parts if isinstance(part, Medium)):
            if medium.kind == "image" and "vision" not in self.capabilities:
                raise invalid(medium, "is an image, and this model sees none.", "Send text.")
            if medium.kind == "audio" and "audio" not in self.capabilities:
                raise invalid(medium, "is a sound, and this model hears none.", "Send text.")
        return read_prompt(self._handle, self._vocabulary, parts, self._settings.micro_batch)

    def embeddings(self, chunk: Chunk) -> Any:
        """Those of the chunk, which stay until the next are made. Raises InvalidRequest."""
        log.clear()
        if self._mtmd.mtmd_encode_chunk(self._handle, chunk.handle):
            raise invalid(chunk.medium, f"cannot be encoded: {log.reason()}.", "Send another one.")
        return self._mtmd.mtmd_get_output_embd(self._handle)

    def decode(self, chunk: Chunk, embeddings: Any, context: Any, position: int, sequence: int) -> int:
        """Put them into the context, with the positions and the attention that the model wants; 0: done."""
        after, nobody = ctypes.c_int32(position), self._mtmd.mtmd_helper_post_decode_callback()
        result: int = self._mtmd.mtmd_helper_decode_image_chunk(
            self._handle, context, chunk.handle, embeddings, position, sequence,
            llama().llama_n_batch(context), ctypes.byref(after), nobody, None,
        )  # fmt: skip
        return result

    def free(self) -> None:
        if self._handle:
            self._mtmd.mtmd_free(self._handle)
            self._handle = None


def _parameters(settings: EngineSettings) -> Any:
    """It goes where the model's first layers go."""
    wanted = mtmd().mtmd_context_params_default()
    cards = parameters.gpus(settings)
    wanted.use_gpu, wanted.device = bool(cards), cards[0].handle if cards else None
    wanted.print_timings = False
    wanted.n_threads = parameters.threads(settings)
    wanted.flash_attn_type = parameters.FLASH_ATTENTION[settings.flash_attention]
    return wanted
