"""What is missing, and the command that helps: cards of the system against devices of an engine."""

from __future__ import annotations

from pathlib import Path

from workbench.engine_device import EngineDevice
from workbench.machine import Gpu, Machine
from workbench.machine.advice import Advice, advice
from workbench.machine.engines import EngineSight

GIB = 2**30
CPU = EngineDevice(name="CPU", kind="cpu", features=("AVX2", "OPENMP"))
NVIDIA = Gpu(
    "NVIDIA GeForce RTX 3090",
    24 * GIB,
    api="cuda",
    bus_id="0000:01:00.0",
    driver="nvidia 550",
    runtime="12.4",
)


def advised(
    *gpus: Gpu,
    seen: tuple[EngineDevice, ...] = (CPU,),
    isa: tuple[str, ...] = (),
    root: Path = Path("/nowhere"),
) -> list[Advice]:
    here = Machine("cpu", 1, 1, GIB, GIB, "Linux x86_64", gpus, isa)
    command = lambda api, runtime: f"install {api} {runtime}".strip()  # noqa: E731
    return advice(here, {"llama-cpp": EngineSight(seen)}, {"llama-cpp": command}, root)


def test_a_machine_without_a_card_lacks_nothing() -> None:
    assert advised() == []


def test_an_engine_that_does_not_see_the_card_is_to_be_installed_for_it() -> None:
    (one,) = advised(NVIDIA)
    assert one == Advice(
        "llama-cpp was built without support for the NVIDIA GeForce RTX 3090.", "install cuda 12.4"
    )


def test_an_engine_that_sees_the_card_is_left_alone() -> None:
    same = EngineDevice(name="CUDA0", kind="gpu", bus_id="0000:01:00.0")
    assert advised(NVIDIA, seen=(CPU, same)) == []
    other = EngineDevice(name="CUDA0", kind="gpu", bus_id="0000:02:00.0")
    assert len(advised(NVIDIA, seen=(CPU, other))) == 1
    silent = EngineDevice(name="Vulkan0", kind="gpu")
    assert advised(NVIDIA, seen=(CPU, silent)) == []


def test_without_its_driver_a_card_needs_that_first(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text('NAME="Ubuntu"\nID=ubuntu\n')
    card = Gpu("NVIDIA GeForce RTX 3090", 24 * GIB, api="cuda", driver="nouveau")
    (one,) = advised(card, root=tmp_path)
    assert "only nouveau" in one.missing
    assert one.command == "sudo ubuntu-drivers install"


def test_a_build_that_leaves_instructions_out_is_told() -> None:
    (one,) = advised(isa=("AVX", "AVX2", "AVX512", "AVX512_BF16"))
    assert one == Advice("llama-cpp was built without AVX512, which this processor has.", "install cpu")


def test_a_card_made_of_software_is_told_for_what_it_is() -> None:
    llvmpipe = EngineDevice(name="Vulkan0", description="llvmpipe (LLVM 15)", kind="software")
    (one,) = advised(seen=(CPU, llvmpipe))
    assert "computes on the processor" in one.missing
    assert any("without support" in each.missing for each in advised(NVIDIA, seen=(CPU, llvmpipe)))
