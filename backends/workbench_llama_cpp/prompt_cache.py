"""Prompts that outlive the engine: what a sequence holds goes to a file when nothing else is to do.

Knows nothing of requests; see prompt_files for what lies on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workbench import paths
from workbench.gguf import shard_of
from workbench_llama_cpp import sequence_state
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.loading import Loaded
from workbench_llama_cpp.prompt_files import PromptFile, PromptFiles
from workbench_llama_cpp.sequence_state import State
from workbench_llama_cpp.slots import Slot, Slots, Tokens, common_prefix

WORTH_KEEPING = 256
"""Tokens that must be new in a prompt, or in what a file knows of one, to be worth a file."""

_DONE = object()


def opened_cache(loaded: Loaded, context: Any, slots: Slots) -> PromptCache | None:
    """The cache of this model, None where it is turned off or has no place to be."""
    if not loaded.settings.prompt_cache_bytes:
        return None
    try:
        folder = paths.cache_folder() / "prompts"
        files = PromptFiles(folder, _key(loaded), loaded.settings.prompt_cache_bytes)
    except OSError:
        return None
    return PromptCache(files, context, slots, loaded.context_length)


class PromptCache:
    """Bound to one context and its slots; owned by the thread that steps the engine."""

    def __init__(self, files: PromptFiles, context: Any, slots: Slots, context_length: int) -> None:
        self._llama = llama()
        self._files, self._context, self._slots = files, context, slots
        self._context_length = context_length
        self._ended: list[Slot] = []
        self._writing: Iterator[object] | None = None

    @property
    def busy(self) -> bool:
        """Whether something waits to be written."""
        return self._writing is not None or bool(self._ended)

    def note(self, slot: Slot) -> None:
        """A request has ended, and this is what it leaves."""
        if slot not in self._ended and slot.length >= WORTH_KEEPING:
            self._ended.append(slot)

    def work(self) -> None:
        """One piece of writing."""
        if not self.busy:
            return
        if self._writing is None:
            self._writing = self._begun()
        elif next(self._writing, _DONE) is _DONE:
            self._writing = None

    def finish(self) -> None:
        """Write all that waits."""
        while self.busy:
            self.work()

    def recall(self, prompt: Tokens) -> None:
        """Give a free slot what a file knows of the prompt, where that is much more than the slots know."""
        wanted, known = prompt[:-1], self._slots.reusable(prompt)
        file = max(self._usable(), key=lambda file: common_prefix(file.tokens, wanted), default=None)
        if file is None or common_prefix(file.tokens, wanted) < known + WORTH_KEEPING:
            return
        state = self._files.state(file)
        if state is None:
            return self.recall(prompt)
        slot = self._slots.vacate()
        if slot in self._ended:
            self._ended.remove(slot)
        if not self._restored(slot, file, state):
            self._slots.take_back(slot, 0)
            self._files.remove(file)

    def _usable(self) -> list[PromptFile]:
        return [file for file in self._files.files if len(file.tokens) <= self._context_length]

    def _restored(self, slot: Slot, file: PromptFile, state: State) -> bool:
        taken = sequence_state.restored(self._context, slot.sequence, state)
        memory = self._llama.llama_get_memory(self._context)
        end = self._llama.llama_memory_seq_pos_max(memory, slot.sequence) + 1
        slot.extend(file.tokens)
        fits = end == slot.position or (end < slot.position and file.tokens[-1] < 0)
        return taken and fits

    def _begun(self) -> Iterator[None] | None:
        """The writing of the next slot that is still as its request left it."""
        slot = self._ended.pop(0)
        if slot.busy or not self._is_news(slot.tokens):
            return None
        size = sequence_state.size(self._context, slot.sequence)
        if not size or not self._files.fits(size):
            return None
        state = sequence_state.saved(self._context, slot.sequence)
        return self._files.write(slot.tokens.copy(), state) if len(state) else None

    def _is_news(self, tokens: Tokens) -> bool:
        known = max((common_prefix(file.tokens, tokens) for file in self._files.files), default=0)
        return len(tokens) - known >= max(WORTH_KEEPING, len(tokens) // 10)


def _key(loaded: Loaded) -> str:
    """What a state depends on: the model's files, the engine and the settings that shape it."""
    settings = loaded.settings
    shape = (settings.kv_type_k, settings.kv_type_v, settings.flash_attention)
    adapters = [(_identity(Path(lora.path)), lora.scale) for lora in settings.lora]
    files = [*_model_files(Path(loaded.path)), *([Path(settings.projector)] if settings.projector else [])]
    parts = [_identity(path) for path in files]
    facts = [version("llama-cpp-python"), parts, adapters, shape]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _model_files(first: Path) -> list[Path]:
    shard = shard_of(first.name)
    if shard is None:
        return [first]
    return [first.with_name(shard.sibling(number).name) for number in range(1, shard.count + 1)]


def _identity(path: Path) -> list[object]:
    """A file's size, time of change, and the hash of its first megabyte."""
    with path.open("rb") as stream:
        start = hashlib.sha256(stream.read(1 << 20)).hexdigest()
        facts = os.fstat(stream.fileno())
    return [facts.st_size, facts.st_mtime_ns, start]
