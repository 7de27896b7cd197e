"""What a measurement was made with: the model's bytes, the machine, and the engine's build.

Each has a key that stays the same as long as speeds can be expected to. Looking takes some milliseconds and
loads no engine. Knows nothing of what is measured.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench import registry
from workbench.errors import InvalidModel
from workbench.machine import Machine, machine
from workbench.models import LocalModel
from workbench.models.sameness import sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """A model's bytes.

    Attributes:
        name: What it is called here; the same bytes may have another name elsewhere.
        digest: Of samples of its files, which tell any two models apart. It is the key.
        sha256: As published, of each of its files; empty where it is not known of all.
    """

    name: str
    digest: str
    size_bytes: int = 0
    sha256: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineIdentity:
    """The hardware, as far as this process may use it.

    Attributes:
        name: The host's name, for people; it may change.
        id: Of this installation's own number and of the hardware without its memory, whose size as the
            system tells it changes with the kernel. It is the key.
    """

    name: str
    id: str
    cpu: str = ""
    physical_cores: int = 0
    logical_cores: int = 0
    ram_bytes: int = 0
    gpus: tuple[str, ...] = ()
    isa: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineIdentity:
    """The engine, and the system's software below it.

    Attributes:
        build: Tells builds of one version apart; commit and flags are what the build says of itself.
        drivers: Of each card, such as "nvidia 550.54".
        kernel: Of the operating system; it and the microcode do not make another engine.
    """

    backend: str
    version: str = ""
    build: str = ""
    commit: str = ""
    flags: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    kernel: str = ""
    microcode: str = ""

    @property
    def key(self) -> str:
        return _digest((self.backend, self.version, self.build, *self.drivers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    model: ModelIdentity
    machine: MachineIdentity
    engine: EngineIdentity


def circumstances(
    model: LocalModel, backend: str | None = None, here: Machine | None = None
) -> Circumstances:
    """Of a model on this machine and the backend that opens it, the usual one for None.

    Raises InvalidModel where the file cannot be read, and as the registry does.
    """
    here = here or machine()
    name = backend or registry.name_for(str(model.path))
    return Circumstances(
        model=model_identity(model), machine=machine_identity(here), engine=_engine(name, here)
    )


def model_identity(model: LocalModel) -> ModelIdentity:
    """Reads 64 small pieces of each file. Raises InvalidModel where one cannot be read."""
    files = model.place.files
    paths = [file.path for file in files] or [model.path]
    try:
        samples, size = [sample(path) for path in paths], sum(path.stat().st_size for path in paths)
    except OSError as error:
        raise InvalidModel(f"{model.name} cannot be read: {error.strerror}.", "Check the file.") from error
    published = tuple(file.digest for file in files)
    known = published if published and all(len(one) == 64 for one in published) else ()
    digest = samples[0] if len(samples) == 1 else _digest(samples)
    return ModelIdentity(name=model.name, digest=digest, size_bytes=size, sha256=known)


def machine_identity(here: Machine, root: Path = Path("/")) -> MachineIdentity:
    gpus = tuple(sorted(gpu.name for gpu in here.gpus))
    hardware = (here.platform, here.cpu, str(here.physical_cores), str(here.logical_cores), *gpus)
    return MachineIdentity(
        name=platform.node(),
        id=_digest((_installation(root), *hardware)),
        cpu=here.cpu,
        physical_cores=here.physical_cores,
        logical_cores=here.logical_cores,
        ram_bytes=here.ram_total,
        gpus=gpus,
        isa=here.isa,
    )


def _engine(name: str, here: Machine) -> EngineIdentity:
    backend = registry.load(name)
    build = backend.build()
    return EngineIdentity(
        backend=name,
        version=backend.status().version,
        build=build.id,
        commit=build.commit,
        flags=build.flags,
        drivers=tuple(sorted({gpu.driver for gpu in here.gpus if gpu.driver})),
        kernel=f"{platform.system()} {platform.release()}",
        microcode=here.microcode,
    )


def _installation(root: Path) -> str:
    """The number that the system gave itself when it was installed; "" where it has none."""
    try:
        return (root / "etc" / "machine-id").read_text().strip()
    except OSError:
        return ""


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
