"""The profiler as its owner has it: one process for each look, gone afterwards with all its memory."""

from __future__ import annotations

from collections.abc import Callable

from workbench.engine_profile import EngineProfile, ProfileRequest
from workbench.errors import error_of_kind
from workbench.ports import Profiler
from workbench_llama_cpp.frames import Refused
from workbench_llama_cpp.job_process import JobProcess
from workbench_llama_cpp.profiling import messages


class LlamaCppProfiler(Profiler):
    """For GGUF files."""

    def profile(self, request: ProfileRequest, progress: Callable[[str], None]) -> EngineProfile:
        replies: list[messages.Found | Refused] = []

        def take(body: bytes | None) -> bool:
            match None if body is None else messages.reply(body):
                case messages.Step(doing):
                    progress(doing)
                case messages.Found() | Refused() as reply:
                    replies.append(reply)
            return bool(replies)

        process = JobProcess("workbench_llama_cpp.profiling.worker", "was being looked into")
        try:
            process.run(messages.Look(request), take)
        finally:
            process.close()
        match replies[0]:
            case Refused(kind, message, remedy):
                raise error_of_kind(kind, message, remedy)
            case messages.Found(profile):
                return profile
