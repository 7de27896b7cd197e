"""The graphics cards on the PCI bus, from sysfs: names, and memory where the driver tells, as AMD's does.

All files are looked for below a root. Knows nothing of engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VENDORS = {"0x1002": "AMD", "0x8086": "Intel", "0x10de": "NVIDIA"}
_DISPLAY_CLASSES = ("0x03", "0x1200")
_PCI_IDS = (
    "usr/share/hwdata/pci.ids",
    "usr/share/misc/pci.ids",
    "usr/share/pci.ids",
    "var/lib/pciutils/pci.ids",
)
_AMD_IDS = "usr/share/libdrm/amdgpu.ids"


@dataclass(frozen=True, slots=True)
class PciCard:
    """A card's vendor, name, place, driver ("" without one), and bytes of memory where the driver tells."""

    vendor: str
    name: str
    bus_id: str
    driver: str
    memory: int | None = None
    memory_used: int | None = None


def pci_cards(root: Path = Path("/")) -> tuple[PciCard, ...]:
    return tuple(_found(root))


def _found(root: Path) -> Iterator[PciCard]:
    for device in sorted((root / "sys" / "bus" / "pci" / "devices").glob("*")):
        vendor = VENDORS.get(_text(device / "vendor"))
        if vendor is None or not _text(device / "class").startswith(_DISPLAY_CLASSES):
            continue
        driver = device / "driver"
        yield PciCard(
            vendor,
            _name(root, device, vendor),
            device.name,
            driver.resolve().name if driver.exists() else "",
            _number(device / "mem_info_vram_total"),
            _number(device / "mem_info_vram_used"),
        )


def _name(root: Path, device: Path, vendor: str) -> str:
    """From the card itself, libdrm's list or the list of PCI ids; else the numbers that stand for it."""
    maker, model = _text(device / "vendor")[2:], _text(device / "device")[2:]
    revision = _text(device / "revision")[2:]
    said = _text(device / "product_name") or _from_amd(root / _AMD_IDS, model, revision)
    said = said or next(filter(None, (_from_pci(root / path, maker, model) for path in _PCI_IDS)), "")
    if not said:
        return f"{vendor} graphics card {maker}:{model}"
    return said if said.lower().startswith(vendor.lower()) else f"{vendor} {said}"


def _from_amd(ids: Path, model: str, revision: str) -> str:
    """Lines such as "744C, C8, AMD Radeon RX 7900 XTX"."""
    for line in _lines(ids):
        fields = [field.strip() for field in line.split(",", 2)]
        if len(fields) == 3 and [field.lower() for field in fields[:2]] == [model.lower(), revision.lower()]:
            return fields[2]
    return ""


def _from_pci(ids: Path, maker: str, model: str) -> str:
    """The trade name in brackets, else all; vendors begin a line, their devices follow one tab further in."""
    here = False
    for line in _lines(ids):
        if line[:1] not in ("\t", "#", ""):
            here = line.startswith(maker)
        elif here and line.startswith(f"\t{model}"):
            name = line.strip().partition("  ")[2]
            return name.rpartition("[")[2].rstrip("]") if name.endswith("]") else name
    return ""


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from lines
    except OSError:
        return


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdecimal() else None
