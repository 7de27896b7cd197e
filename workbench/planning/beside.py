"""Whether a model fits into memory beside those that are loaded.

The engine is asked once what the model takes; what is free is looked at anew each time. Weights that loaded
models have mapped from their files count as taken, though the system calls that memory available: taking it
would make them slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench import registry
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, WorkbenchError
from workbench.machine.process_memory import host_memory
from workbench.memory import MemoryEstimate
from workbench.planning.defaults import is_small


class FitsBeside:
    """Answers for one model as it would be loaded alone, into `most` bytes or what there is."""

    def __init__(
        self, model: str, settings: EngineSettings, backend: str | None, most: int | None = None
    ) -> None:
        self._model = model
        self._settings = settings
        self._backend = backend
        self._most = most
        self._estimates: dict[EngineSettings, MemoryEstimate] = {}
        self._needs: int | None = None

    def __call__(self, loaded: Iterable[Provider]) -> bool:
        """Takes seconds the first time. What cannot be told counts as fitting: loading will say it better."""
        if is_small(self._model, self._settings):
            return True
        try:
            return self._fits(loaded)
        except WorkbenchError:
            return True

    def needs(self) -> int:
        """The bytes that it takes in all, 0 where that cannot be told. Takes seconds the first time.

        Raises DoesNotFit, naming the cheapest changes, where no settings that are open bring it below `most`.
        """
        if self._needs is None:
            try:
                self._needs = self._within_limit()
            except DoesNotFit:
                raise
            except WorkbenchError:
                self._needs = 0
        return self._needs

    def _within_limit(self) -> int:
        backend = self._backend or registry.name_for(self._model)
        taken = self._asked(backend, self._settings).total_bytes
        if self._most is None or taken <= self._most:
            return taken
        from workbench.gguf import read_model
        from workbench.machine import machine
        from workbench.planning.deciding import decided

        header, ram = read_model(self._model), machine().ram_total
        decision = decided(self._model, header, self._settings, taken, backend, self._most, ram)
        return self._asked(backend, decision.settings).total_bytes

    def _fits(self, loaded: Iterable[Provider]) -> bool:
        from workbench.machine import machine
        from workbench.planning.budget import fits
        from workbench.planning.places import on_this_machine

        name = self._backend or registry.name_for(self._model)
        estimate = self._asked(name, self._settings)
        here = on_this_machine(name, machine(), rpc_servers=self._settings.rpc_servers)
        budget = here([device.name for device in estimate.devices]).budget
        verdict = fits(estimate, replace(budget, host=budget.host - _mapped_bytes(loaded)))
        return verdict.possible and not verdict.paged_bytes

    def _asked(self, backend: str, settings: EngineSettings) -> MemoryEstimate:
        if settings not in self._estimates:
            self._estimates[settings] = self._newly_asked(backend, settings)
        return self._estimates[settings]

    def _newly_asked(self, backend: str, settings: EngineSettings) -> MemoryEstimate:
        from workbench.gguf import read_model
        from workbench.machine import machine
        from workbench.planning.deciding import estimates_here

        header = read_model(self._model)
        with estimates_here(self._model, header, self._settings, machine(), backend) as estimates:
            return estimates.ask(settings)


def _mapped_bytes(loaded: Iterable[Provider]) -> int:
    pids = [pid for provider in loaded if (pid := getattr(provider, "pid", None)) is not None]
    return sum(held.file_backed for pid in pids if (held := host_memory(pid)) is not None)
