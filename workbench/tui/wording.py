"""How numbers and moments are written on the screen."""

from __future__ import annotations

from datetime import datetime


def size(number_of_bytes: int) -> str:
    """A size in the binary unit that fits: 512 B, 12.4 MiB, 7.8 GiB."""
    amount, units = float(number_of_bytes), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    for larger in units:
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def speed(tokens_per_second: float) -> str:
    return f"{tokens_per_second:.0f}" if tokens_per_second >= 100 else f"{tokens_per_second:.1f}"


def seconds(duration: float) -> str:
    return f"{duration:.2f} s" if duration < 10 else f"{duration:.0f} s"


def moment(when: datetime, now: datetime) -> str:
    """A time as a person says it: "14:03" today, "Tuesday 14:03" within a week, else the date."""
    when, now = when.astimezone(now.tzinfo), now
    days = (now.date() - when.date()).days
    if days == 0:
        return f"today {when:%H:%M}"
    if days == 1:
        return f"yesterday {when:%H:%M}"
    return f"{when:%A %H:%M}" if 1 < days < 7 else f"{when.day} {when:%B %Y}"
