"""What a person may write after an option, where it is more than a number or a word.

Knows the notation of each value; whether the value makes sense is checked where it is used.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import click

from workbench.duration import seconds_of
from workbench.engine_settings import Lora, TensorOverride
from workbench.errors import InvalidRequest
from workbench.quantize_request import TensorType


class _Notation(click.ParamType[Any]):
    """A value with a notation of its own, shown in the help in its place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return self.name

    def refuse(self, value: str) -> NoReturn:
        self.fail(f"{value!r} is not of the form {self.name}.")


class _Bias(_Notation):
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, float]:
        token, _, bias = value.partition("=")
        try:
            return int(token), float(bias)
        except ValueError:
            self.refuse(value)


class _KvTypes(_Notation):
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        k, _, v = value.lower().partition(",")
        return k, v or k


class _TensorOverride(_Notation):
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> TensorOverride:
        pattern, _, buffer = value.rpartition("=")
        if not pattern or not buffer:
            self.refuse(value)
        return TensorOverride(pattern, buffer)


class _TensorType(_Notation):
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> TensorType:
        pattern, _, kind = value.rpartition("=")
        if not pattern or not kind:
            self.refuse(value)
        return TensorType(pattern, kind)


class _Shares(_Notation):
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            return tuple(float(share) for share in value.split(","))
        except ValueError:
            self.refuse(value)


class _Lora(_Notation):
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Lora:
        path, _, scale = value.rpartition("=")
        try:
            return Lora(path, float(scale)) if path else Lora(value)
        except ValueError:
            return Lora(value)


class _Bytes(_Notation):
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number, unit = value.strip().lower().removesuffix("b"), 1
        if number[-1:] in _UNITS:
            number, unit = number[:-1], _UNITS[number[-1]]
        try:
            count = float(number) * unit
        except ValueError:
            self.refuse(value)
        if not 1 <= count < 2**63:
            self.refuse(value)
        return count


class _Memory(_Notation):
    """Sizes of memory, where GB means GiB as makers of memory print it."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _MEMORY.fullmatch(value.strip())
        size = int(float(found[1]) * _MEMORY_UNITS[(found[2] or "").lower()]) if found else 0
        if not 2**20 <= size < 2**50:
            self.refuse(value)
        return size


class _Duration(_Notation):
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return seconds_of(value)
        except InvalidRequest as error:
            self.fail(str(error))


_MEMORY = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_MEMORY_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_UNITS = {"k": 1000, "m": 1000**2, "g": 1000**3}
BYTES = _Bytes("NUMBER[K|M|G]")
MEMORY = _Memory("SIZE")
BIAS = _Bias("ID=BIAS")
KV_TYPES_OF_CACHE = _KvTypes("TYPE[,TYPE]")
TENSOR_OVERRIDE = _TensorOverride("PATTERN=BUFFER")
TENSOR_TYPE = _TensorType("REGEX=TYPE")
SHARES = _Shares("A,B,...")
DURATION = _Duration("TIME")
LORA = _Lora("PATH[=SCALE]")
