"""A model for the doubles, which recites what stands in its weights, and the jobs that both generators share.

The results of a job, what it holds back and the order in which its ends are looked for are those of
exllamav2 0.3.2 (generator/dynamic.py) and exllamav3 1.6.5 (generator/job.py), which differ in their filters.
"""

from __future__ import annotations

import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch

PAGE = 256
LEAD = 12.0
"""The logit of the token that comes next; all others have less than 4."""


class Recital:
    """Logits that follow from the tokens alone: the answer goes on, begins anew, or ends.

    Where positions are rotated by another base than the model was trained with, it recites backwards.
    """

    def __init__(self, folder: str, rope_theta: float) -> None:
        config = json.loads((Path(folder) / "config.json").read_bytes())
        data = (Path(folder) / "model.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        said = np.frombuffer(data[8 + length :], np.int64).tolist()
        self.said = said if float(header["__metadata__"]["rope_theta"]) == rope_theta else said[::-1]
        self.size, self.end = config["vocab_size"], config["eos_token_id"]
        self.padded = -(-self.size // 32) * 32

    def logits(self, tokens: list[int], dtype: Any) -> Any:
        """Shape (1, 1, padded vocabulary)."""
        noise = np.random.default_rng(zlib.crc32(np.array(tokens[-3:], np.int64).tobytes()))
        row = noise.uniform(0, 4, self.padded)
        row[self.end] = -4
        so_far = max(
            (
                count
                for count in range(len(self.said) + 1)
                if tokens[len(tokens) - count :] == self.said[:count]
            ),
            default=0,
        )
        row[self.said[so_far] if so_far < len(self.said) else self.end] = LEAD
        return torch.tensor(row[np.newaxis, np.newaxis], dtype=dtype)


class Pieces:
    """The tokenizer as jobs use it: the text of each token, and of several together."""

    def __init__(self, folder: str) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.size = self._tokenizer.get_vocab_size()

    def text(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True)


class Job:
    """What is common to both; how it draws and feeds its filters is told by either."""

    dtype: Any = torch.float

    def _begin(
        self, input_ids: Any, most: int, seed: int | None, stops: Any, logits: bool, filters: Any
    ) -> None:
        assert input_ids.shape[0] == 1 and input_ids.shape[1] > 0, "Input IDs cannot be empty."
        assert most >= 1
        self.prompt: list[int] = input_ids.tolist()[0]
        self.max_new_tokens, self.stop_tokens, self.return_logits = most, set(stops or ()), logits
        self.filters = list(filters or ())
        self.rng = random.Random() if seed is None else random.Random(seed)
        self.tokens: list[int] = []
        self.position = 0
        self.cached_pages = self.cached_tokens = 0
        self.held_tokens: list[int] = []
        self.held_logits: list[Any] = []

    @property
    def pages(self) -> int:
        return -(-(len(self.prompt) + self.max_new_tokens) // PAGE)

    @property
    def new_tokens(self) -> int:
        return len(self.tokens)

    def receive_logits(self, logits: Any) -> Any:
        raise NotImplementedError

    def feed(self, token: int) -> bool:
        raise NotImplementedError

    def receive_sample(self, logits: Any, token: int, results: list[dict[str, Any]]) -> bool:
        over = self.feed(token)
        self.tokens.append(token)
        self.held_tokens.append(token)
        if self.return_logits:
            self.held_logits.append(logits[:1, :, :])
        if token in self.stop_tokens:
            return self._emit(results, "stop_token", held=False)
        if self.new_tokens >= self.max_new_tokens:
            return self._emit(results, "max_new_tokens")
        if over:
            return self._emit(results, "end_filter")
        if self.generator.tokenizer.text(self.held_tokens).endswith("\ufffd") and len(self.held_tokens) < 5:
            return self._emit(results, held=False)
        return self._emit(results)

    def _emit(self, results: list[dict[str, Any]], reason: str | None = None, *, held: bool = True) -> bool:
        result: dict[str, Any] = {"job": self, "stage": "streaming", "eos": reason is not None}
        if held:
            result |= self._held()
        if reason is not None:
            result |= {"eos_reason": reason, "new_tokens": self.new_tokens, "prompt_tokens": len(self.prompt)}
            if rest := self._held():
                result["held"] = rest
        results.append(result)
        return reason is not None

    def _held(self) -> dict[str, Any]:
        if not self.held_tokens:
            return {}
        held = {"token_ids": torch.tensor([self.held_tokens], torch.long)}
        if self.held_logits:
            held["logits"] = np.concatenate(self.held_logits, axis=1).view(torch.Tensor)
        self.held_tokens, self.held_logits = [], []
        return held


class Generator:
    """Pages of cache, a queue, and passes over all active jobs."""

    def __init__(self, model: Recital, tokens: int, tokenizer: Pieces, batch: int, chunk: int) -> None:
        assert tokens % PAGE == 0 and chunk % PAGE == 0
        self.model, self.tokenizer = model, tokenizer
        self.max_pages, self.max_batch_size, self.max_chunk_size = tokens // PAGE, batch, chunk
        self.pending_jobs: list[Job] = []
        self.active_jobs: list[Job] = []
        self.known: set[tuple[int, ...]] = set()

    def enqueue(self, job: Job) -> None:
        assert job.pages <= self.max_pages, f"Job requires {job.pages} pages"
        job.generator = self
        self.pending_jobs.append(job)

    def cancel(self, job: Job) -> None:
        for jobs in (self.pending_jobs, self.active_jobs):
            if job in jobs:
                jobs.remove(job)

    def iterate(self) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for job in list(self.pending_jobs):
            used = sum(active.pages for active in self.active_jobs)
            if len(self.active_jobs) < self.max_batch_size and used + job.pages <= self.max_pages:
                self._start(job, results)
        for job in self.active_jobs:
            self._prefill(job, results)
        ready = [job for job in self.active_jobs if job.position == len(job.prompt) - 1]
        rows = [self.model.logits(job.prompt + job.tokens, job.dtype) for job in ready]
        for job, row in zip(ready, rows, strict=True):
            sample = job.receive_logits(row)
            if job.receive_sample(row, sample, results):
                whole = job.prompt + job.tokens
                self.known |= {tuple(whole[:end]) for end in range(PAGE, len(whole), PAGE)}
                self.active_jobs.remove(job)
        return results

    def _start(self, job: Job, results: list[dict[str, Any]]) -> None:
        self.pending_jobs.remove(job)
        self.active_jobs.append(job)
        results.append({"job": job, "stage": "started", "eos": False})

    def _prefill(self, job: Job, results: list[dict[str, Any]]) -> None:
        last = len(job.prompt) - 1
        if job.position >= last:
            return
        while (end := job.position + PAGE) <= last and tuple(job.prompt[:end]) in self.known:
            job.position = end
            job.cached_pages += 1
        job.position = min(last, job.position + self.max_chunk_size)
        result = {"job": job, "stage": "prefill", "eos": False}
        results.append({**result, "curr_progress": job.position, "max_progress": last})
