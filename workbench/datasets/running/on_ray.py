"""Parts of a run on the machines of a Ray cluster, through Ray Data.

Each machine reads the inputs, which all must find under the same path, and sends back what became of a part.
What is judged over all rows, and written, is done here.
"""

from __future__ import annotations

import os
import platform
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from workbench.datasets.operation import Operation
from workbench.datasets.running.part_files import PartFiles, Summary, part_folder
from workbench.datasets.running.part_run import PartRun
from workbench.datasets.running.plan import Plan
from workbench.errors import Unsupported, WorkbenchError
from workbench.whole_file import write_whole

LOCAL = "local"
_PATIENCE = 10.0
_INSTALL = "On each machine of the cluster: pip install 'local-llm-workbench[ray]'"


def parts_on_ray(
    plan: Plan, folder: Path, numbers: Sequence[int], address: str
) -> Iterator[tuple[int, Summary]]:
    """Do these parts; their files are in `folder` then, as if they had been done here.

    `address` is that of a cluster, or LOCAL for one that is started here and ends with the run. Raises
    Unsupported where Ray is not installed, and WorkbenchError where the cluster cannot be used.
    """
    try:
        import ray
        import ray.data as ray_data
    except ImportError as error:
        raise Unsupported("Ray Data is not installed here.", _INSTALL) from error
    _connect(ray, address)
    try:
        context = ray_data.DataContext.get_current()
        context.enable_progress_bars = False
        workers = min(len(numbers), int(ray.cluster_resources().get("CPU", 1)))
        asked = ray_data.from_items(
            [{"number": number} for number in numbers], override_num_blocks=len(numbers)
        )
        done = asked.map(
            PartOnNode,
            fn_constructor_args=(plan, os.getcwd()),
            compute=ray_data.ActorPoolStrategy(min_size=1, max_size=max(workers, 1)),
        )
        for row in done.iter_rows():
            yield _received(row, folder)
    except ray.exceptions.RayError as error:
        raise WorkbenchError(
            f"The Ray cluster ended the run: {_first_line(error)}",
            "The same command goes on from here.",
        ) from error
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    """One that is started here sends no usage statistics."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), _PATIENCE).close()
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except Exception as error:  # Ray raises plain ones
        raise WorkbenchError(
            f"The Ray cluster {address} cannot be used: {_first_line(error)}",
            "`ray status` tells the address of one that runs; `--ray local` starts one here.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _received(row: dict[str, Any], folder: Path) -> tuple[int, Summary]:
    """Write what came of a part, its summary last. Raises the error that it ended with."""
    if row["error"]:
        raise WorkbenchError(row["error"], row["remedy"])
    part = PartFiles(part_folder(folder, row["number"]))
    summary, files = msgspec.msgpack.decode(row["files"], type=tuple[bytes, dict[str, bytes]])
    part.folder.mkdir(parents=True, exist_ok=True)
    for path in part.folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (part.folder / name).write_bytes(content)
    write_whole(part.summary_path, summary)
    return row["number"], msgspec.json.decode(summary, type=Summary)


class PartOnNode:
    """Does parts on a machine of the cluster, one after the other."""

    def __init__(self, plan: Plan, home: str) -> None:
        self._plan, self._home = plan, home
        self._operations: Sequence[Operation] = ()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        number = int(row["number"])
        try:
            files = self._files(number)
        except WorkbenchError as error:
            return {"number": number, "files": b"", "error": error.message, "remedy": error.remedy}
        return {"number": number, "files": files, "error": "", "remedy": ""}

    def _files(self, number: int) -> bytes:
        """The summary of the part and its other files, packed."""
        self._check(number)
        with tempfile.TemporaryDirectory() as folder:
            PartRun(self._plan, Path(folder), self._begun()).run(number)
            part = PartFiles(part_folder(Path(folder), number))
            others = [path for path in part.folder.iterdir() if path != part.summary_path]
            packed = {path.name: path.read_bytes() for path in others}
            return msgspec.msgpack.encode((part.summary_path.read_bytes(), packed))

    def _begun(self) -> Sequence[Operation]:
        if not self._operations:
            self._operations = self._plan.recipe.operations()
            for operation in self._operations:
                operation.begin(self._plan.surroundings)
        return self._operations

    def _check(self, number: int) -> None:
        """Raises WorkbenchError where this machine has another file under the input's path, or none."""
        source = self._plan.sources[self._plan.parts[number].source]
        if os.path.isdir(self._home):
            os.chdir(self._home)
        try:
            same = os.stat(source.path).st_size == source.size_bytes
        except OSError:
            same = False
        if not same:
            raise WorkbenchError(
                f"{source.path} is not on {platform.node()} as it is here.",
                "Put inputs where all machines of the cluster find them under the same path.",
            )
