"""How numbers, moments and the progress of a transfer are written, wherever a person reads them.

Knows neither terminal nor screen, so that all of them say the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.models.transfer.progress import Progress
    from workbench.models.transfer.pulling import Pulled

_HASHES = {"hub": "the hash that the hub publishes", "sha256": "the hash that you named"}


def size(number_of_bytes: int) -> str:
    """A size in the binary unit that fits: 512 B, 12.4 MiB, 7.8 GiB."""
    amount, unit = float(number_of_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short(number: int) -> str:
    """A number in the unit that reads best, such as 8.0B."""
    amount, unit = float(number), ""
    for larger in ("k", "M", "B", "T"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f}{unit}" if unit else str(number)


def context(tokens: int) -> str:
    """Such as 32k, where it comes out even."""
    return f"{tokens // 1024}k" if tokens % 1024 == 0 else f"{tokens:,}"


def speed(tokens_per_second: float) -> str:
    return f"{tokens_per_second:.0f}" if tokens_per_second >= 100 else f"{tokens_per_second:.1f}"


def probability(share: float) -> str:
    """Such as 12.3%, and nothing for what cannot happen."""
    return f"{share:.1%}" if share >= 0.0005 else "<0.1%" if share else ""


def piece(data: bytes) -> str:
    """A token's bytes in quotes, on one line, with what is not to be seen as escapes."""
    text = data.decode(errors="replace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in f'"{text}"')


def seconds(duration: float) -> str:
    return f"{duration:.2f} s" if duration < 10 else f"{duration:.0f} s"


def duration(seconds: float) -> str:
    """Such as 45 s, 3 min 20 s or 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def time_left(seconds: float, done: int, missing: int) -> str:
    """What to add to how far it is, when so much took so long; "" where nothing can be told."""
    return f", about {duration(seconds / done * missing)} left" if done and missing else ""


def moment(when: datetime, now: datetime) -> str:
    """A time as a person says it: "14:03" today, "Tuesday 14:03" within a week, else the date."""
    when, now = when.astimezone(now.tzinfo), now
    days = (now.date() - when.date()).days
    if days == 0:
        return f"today {when:%H:%M}"
    if days == 1:
        return f"yesterday {when:%H:%M}"
    return f"{when:%A %H:%M}" if 1 < days < 7 else f"{when.day} {when:%B %Y}"


def transfer(progress: Progress) -> str:
    """What a transfer does at this moment, in a few words."""
    if progress.trouble:
        return progress.trouble
    match progress.phase:
        case "waiting":
            return f"{arrived(progress)}, another program is fetching it"
        case "checking":
            return f"checking {arrived(progress)}"
        case _:
            return f"{arrived(progress)}{_pace(progress)}"


def share(progress: Progress) -> str:
    """How much of it is here; 100% only when all is."""
    return f"{100 * progress.done_bytes // progress.total_bytes if progress.total_bytes else 0}%"


def arrived(progress: Progress) -> str:
    return f"{size(progress.done_bytes)} of {size(progress.total_bytes)}"


def received(pulled: Pulled) -> str:
    """How much has arrived, and what vouches for it."""
    if pulled.checked_against:
        return f"{size(pulled.size_bytes)}, checked against {_HASHES[pulled.checked_against]}"
    if pulled.was_here:
        return f"{size(pulled.size_bytes)}, here already; `workbench verify` looks whether it is intact"
    return f"{size(pulled.size_bytes)}, without a hash to check it against"


def _pace(progress: Progress) -> str:
    if progress.bytes_per_second is None:
        return ""
    pace = f", {size(int(progress.bytes_per_second))}/s"
    return pace if progress.seconds_left is None else f"{pace}, {duration(progress.seconds_left)} left"
