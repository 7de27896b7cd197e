"""Reads a C++ std::map that a function of llama.cpp returns by value, where there is no C function instead.

The map is a tree in memory, laid out differently by each C++ library: libstdc++ on Linux, libc++ on macOS,
of which only the first has been seen at work. Whoever relies on it proves it first; see proof.py.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Sequence
from typing import Any

_MOST_ENTRIES = 256
_POINTER = ctypes.c_void_p


class LayoutUnknown(Exception):
    """The bytes returned are no map of the layout expected."""


class _GnuMap(ctypes.Structure):
    """libstdc++: the head has the root for its parent."""

    _fields_ = (
        ("compare", ctypes.c_size_t),
        ("color", ctypes.c_size_t),
        ("root", _POINTER),
        ("first", _POINTER),
        ("last", _POINTER),
        ("count", ctypes.c_size_t),
    )


class _GnuNode(ctypes.Structure):
    _fields_ = (("color", ctypes.c_size_t), ("parent", _POINTER), ("left", _POINTER), ("right", _POINTER))


class _LlvmMap(ctypes.Structure):
    """libc++: the end has the root for its left child. Larger than the real one, so that either fits."""

    _fields_ = (
        ("first", _POINTER),
        ("root", _POINTER),
        ("count", ctypes.c_size_t),
        ("spare", ctypes.c_size_t * 3),
    )


class _LlvmNode(ctypes.Structure):
    _fields_ = (("left", _POINTER), ("right", _POINTER), ("parent", _POINTER), ("color", ctypes.c_size_t))


_MAP: Any
_NODE: Any
_MAP, _NODE = (_LlvmMap, _LlvmNode) if platform.system() == "Darwin" else (_GnuMap, _GnuNode)


def returning_map(library: Any, symbol: str, arguments: Sequence[type]) -> Callable[..., list[int]]:
    """The library's function as one that returns the addresses of the map's entries, in order.

    An entry is the key with the value behind it. Raises LayoutUnknown where there is no such function; so
    does a call that gets no such map. What the map holds is never freed: some hundred bytes for each call.
    """
    try:
        function = library[symbol]
    except AttributeError as error:
        raise LayoutUnknown(f"there is no function {symbol}") from error
    function.restype, function.argtypes = _MAP, tuple(arguments)
    return lambda *values: _entries(function(*values))


def _entries(found: Any) -> list[int]:
    if not 0 <= found.count <= _MOST_ENTRIES:
        raise LayoutUnknown(f"a map of {found.count} entries")
    addresses: list[int] = []
    _walk(found.root, found.count, addresses)
    if len(addresses) != found.count:
        raise LayoutUnknown(f"a map of {found.count} entries with another number in it")
    return addresses


def _walk(node: int | None, most: int, addresses: list[int]) -> None:
    if not node or len(addresses) > most:
        return
    links = _NODE.from_address(node)
    _walk(links.left, most, addresses)
    addresses.append(node + ctypes.sizeof(_NODE))
    _walk(links.right, most, addresses)
