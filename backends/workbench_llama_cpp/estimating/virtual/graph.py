"""A part of a computation as the scheduler hands it to a backend, node by node. Knows no backend."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench_llama_cpp.estimating.virtual import names
from workbench_llama_cpp.estimating.virtual.structures import Int, Pointer, Tensor
from workbench_llama_cpp.ggml import function


@dataclass(slots=True)
class Graph:
    """Addresses of the nodes, the names of their operations, and the node that comes after this part."""

    address: int
    nodes: list[int]
    operations: list[str]
    following: int

    @classmethod
    def read(cls, address: int) -> Graph:
        count = function("ggml-base", "ggml_graph_n_nodes", Int, Pointer)(address)
        if not count:
            return cls(address, [], [], 0)
        first = function("ggml-base", "ggml_graph_nodes", Pointer, Pointer)(address)
        # A part is a window on the whole graph, which has room for one node more.
        *nodes, following = (Pointer * (count + 1)).from_address(first)
        known, offset = names.operations(), Tensor.op.offset
        operations = [known[Int.from_address(node + offset).value] for node in nodes]
        return cls(address, nodes, operations, following or 0)

    def __len__(self) -> int:
        return len(self.nodes)

    def node(self, index: int) -> Tensor:
        return Tensor.from_address(self.nodes[index])

    def source_of(self, index: int, place: int = 0) -> int:
        """The address of an operand of that node; 0 where there is none."""
        return self.node(index).src[place] or 0

    def spells(self, index: int, operations: Sequence[str]) -> bool:
        return self.operations[index : index + len(operations)] == list(operations)

    def can_fuse(self, index: int, count: int, *outputs: int) -> bool:
        """What ggml itself answers: nothing outside needs what is within, save the outputs."""
        if index + count > len(self):
            return False
        numbers = names.numbers()
        places = (Int * count)(*range(index, index + count))
        wanted = (Int * count)(*(numbers[name] for name in self.operations[index : index + count]))
        kept = (Int * len(outputs))(*outputs)
        return bool(_can_fuse()(self.address, places, count, wanted, kept, len(outputs)))


def _can_fuse() -> Any:
    name = "ggml_can_fuse_subgraph_ext"
    return function("ggml-base", name, ctypes.c_bool, Pointer, Pointer, Int, Pointer, Pointer, Int)
