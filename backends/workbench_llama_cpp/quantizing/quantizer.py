"""The quantizer: a request in, files out, in a process of its own that ends when the owner wants it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from workbench.errors import error_of_kind
from workbench.gguf import Header, read_model
from workbench.ports import Quantizer
from workbench.quantize_request import QuantizePlan, QuantizeProgress, QuantizeRequest, QuantType
from workbench_llama_cpp.frames import Refused
from workbench_llama_cpp.job_process import JobProcess
from workbench_llama_cpp.quantizing import messages
from workbench_llama_cpp.quantizing.types import TYPES, tensor_type, type_named


class LlamaCppQuantizer(Quantizer):
    """Starts its process with the first question and keeps it until `close`."""

    def __init__(self) -> None:
        self._worker = JobProcess("workbench_llama_cpp.quantizing.worker", "quantized")

    @property
    def types(self) -> tuple[QuantType, ...]:
        return TYPES

    def type_named(self, name: str) -> QuantType:
        return type_named(name)

    @property
    def pid(self) -> int | None:
        """The worker's process, while there is one."""
        return self._worker.pid

    def plan(self, request: QuantizeRequest) -> QuantizePlan:
        reply = self._run(messages.Plan(_checked(request)), lambda reply: None)
        assert isinstance(reply, messages.Planned)
        return reply.plan

    def quantize(
        self, request: QuantizeRequest, target: Path, progress: QuantizeProgress
    ) -> tuple[Path, ...]:
        header = read_model(request.source)
        sizes = {tensor.name: tensor.size_bytes for tensor in header.tensors}
        done = 0

        def hear(reply: messages.Reply | None) -> None:
            nonlocal done
            if isinstance(reply, messages.At):
                done += sizes.get(reply.tensor, 0)
            progress(done)

        files = _files(request, header, target)
        try:
            self._run(messages.Quantize(_checked(request), str(target)), hear)
        except BaseException:
            for file in files:
                file.unlink(missing_ok=True)
            raise
        return files

    def close(self) -> None:
        self._worker.close()

    def _run(
        self, job: messages.Job, hear: Callable[[messages.Reply | None], None]
    ) -> messages.Planned | messages.Written:
        """The last that is said of the job; `hear` is told the rest, and None now and then."""
        last: list[messages.Planned | messages.Written | Refused] = []

        def take(body: bytes | None) -> bool:
            reply = None if body is None else messages.reply(body)
            if isinstance(reply, messages.Planned | messages.Written | Refused):
                last.append(reply)
            else:
                hear(reply)
            return bool(last)

        self._worker.run(job, take)
        if isinstance(last[0], Refused):
            raise error_of_kind(last[0].kind, last[0].message, last[0].remedy)
        return last[0]


def _files(request: QuantizeRequest, header: Header, target: Path) -> tuple[Path, ...]:
    """As llama.cpp names them: shards keep their numbers."""
    if not request.keep_split:
        return (target,)
    count = len(header.files)
    return tuple(
        target.with_name(f"{target.name}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1)
    )


def _checked(request: QuantizeRequest) -> QuantizeRequest:
    """With the type as it is listed. Raises InvalidRequest for types that there are not."""
    for name in (request.output_type, request.embedding_type, *(one.type for one in request.tensor_types)):
        if name:
            tensor_type(name)
    return replace(request, type=type_named(request.type).name)
