"""CUDA's fusions of mixture-of-experts steps, as far as they keep tensors in memory for longer.

A fused kernel still reads its inputs while it writes its output, so nothing may take an input's place before.
Ports ggml_backend_cuda_graph_optimize; the concurrent streams there are off by default and left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.graph import Graph
from workbench_llama_cpp.estimating.virtual.names import F32
from workbench_llama_cpp.estimating.virtual.structures import Tensor

Keep = Callable[[int, int], None]
"""Keep the tensor of the first address until that of the second has been computed."""

_MOST_SUMMED = 15
_OTHER_EXPERT_COUNTS = (288, 576)
_NORM = ("RESHAPE", "SUM_ROWS", "CLAMP", "DIV", "RESHAPE")


def keep_fused(address: int, keep: Keep) -> None:
    """Say for every fusion in this graph what it keeps."""
    if os.environ.get("GGML_CUDA_DISABLE_FUSION", "0") not in ("", "0"):
        return
    graph = Graph.read(address)
    index = 0
    while index < len(graph):
        if graph.operations[index] == "MUL" and (found := _weighted_sum(graph, index)):
            last = graph.nodes[index + found.length - 1]
            for kept in found.inputs:
                keep(kept, last)
            index += found.length
        elif graph.operations[index] in ("UNARY", "SOFT_MAX") and (length := _routing(graph, index)):
            _keep_all(graph, index, length, keep)
            index += length
        else:
            index += 1


@dataclass(frozen=True, slots=True)
class _WeightedSum:
    """How many nodes it spans, and what it reads: the experts' answers, their weights and maybe a scale."""

    length: int
    inputs: tuple[int, ...]


def _weighted_sum(graph: Graph, index: int) -> _WeightedSum | None:
    """(answers * scale) * weights, or without the scale, followed by the sum over experts."""
    first = graph.node(index)
    if first.type != F32 or not rules.compact(first):
        return None
    inputs, products = _factors(first), 1
    if index + 1 < len(graph) and graph.operations[index + 1] == "MUL":
        second = graph.node(index + 1)
        outer = _factors(second) if second.type == F32 and rules.compact(second) else None
        if inputs and outer and outer[0] == graph.nodes[index]:
            inputs, products = (inputs[0], outer[1], inputs[1]), 2
    if not inputs:
        return None
    length = _summed(graph, index, products)
    if not length or not graph.can_fuse(index, length, index + length - 1):
        return None
    return _WeightedSum(length, inputs)


def _factors(product: Tensor) -> tuple[int, ...] | None:
    """The address of the full factor and that of the one with a single number per row."""
    one, other = product.src[0], product.src[1]
    for full, narrow in ((one, other), (other, one)):
        wide, thin = Tensor.from_address(full), Tensor.from_address(narrow)
        dense = wide.type == thin.type == F32 and rules.compact(wide) and rules.compact(thin)
        if dense and wide.ne[:] == product.ne[:] and thin.ne[:] == [1, *product.ne[1:]]:
            return full, narrow
    return None


def _summed(graph: Graph, index: int, products: int) -> int:
    """How many nodes multiplication and sum take together; 0 where no plain sum over experts follows."""
    weighted = graph.node(index + products - 1)
    experts, tokens = weighted.ne[1], weighted.ne[2] * weighted.ne[3]
    length = 2 * experts + products - 1
    if not 2 <= experts <= _MOST_SUMMED or tokens <= 0 or index + length > len(graph):
        return 0
    address, views, total, added = graph.nodes[index + products - 1], list[int](), 0, 0
    for place in range(index + products, index + length):
        node = graph.node(place)
        if graph.operations[place] == "VIEW":
            if len(views) >= experts or not _is_answer(node, weighted, address, len(views), tokens):
                return 0
            views.append(graph.nodes[place])
            continue
        if graph.operations[place] != "ADD" or added + 1 >= len(views) or node.type != F32:
            return 0
        if node.src[0] != (total or views[0]) or node.src[1] != views[added + 1]:
            return 0
        total, added = graph.nodes[place], added + 1
    complete = len(views) == experts and added == experts - 1
    return length if complete and _is_sum(Tensor.from_address(total), weighted, tokens) else 0


def _is_answer(view: Tensor, weighted: Tensor, address: int, expert: int, tokens: int) -> bool:
    """Whether the view is that expert's rows of the weighted answers."""
    return bool(
        view.src[0] == view.view_src == address
        and view.type == F32
        and view.ne[:] == [weighted.ne[0], tokens, 1, 1]
        and view.nb[0] == weighted.nb[0]
        and view.nb[1] == weighted.nb[2]
        and view.view_offs == expert * weighted.nb[1]
    )


def _is_sum(total: Tensor, weighted: Tensor, tokens: int) -> bool:
    return rules.compact(total) and total.ne[:] == [weighted.ne[0], tokens, 1, 1]


def _routing(graph: Graph, index: int) -> int:
    """How many nodes the choice of experts takes that starts here; 0 where it is another computation."""
    gate = 2 if graph.operations[index] == "UNARY" and graph.spells(index + 1, ("SQRT",)) else 1
    chosen = _choice(graph, index, gate)
    if not chosen:
        return 0
    length, ids = chosen
    if _normalizes(graph, index + length):
        length += len(_NORM)
    if index + length < len(graph) and graph.operations[index + length] == "SCALE":
        length += graph.source_of(index + length) == graph.nodes[index + length - 1]
    last = index + length - 1
    fused = graph.can_fuse(index, length, ids, last) and _has_kernel(graph, index, last, ids)
    return length if fused else 0


def _choice(graph: Graph, index: int, gate: int) -> tuple[int, int] | None:
    """From the gate to the chosen experts' weights: how many nodes, and the index of the experts' numbers."""
    if not _is_gate(graph, index, gate):
        return None
    probabilities = index + gate - 1
    biased = graph.spells(probabilities + 2, ("ADD",))
    names_ = ("RESHAPE", *(("ADD",) if biased else ()), "ARGSORT", "VIEW", "GET_ROWS")
    if not graph.spells(probabilities + 1, names_):
        return None
    sort = probabilities + 2 + biased
    sorted_ = probabilities + 2 if biased else probabilities
    linked = (
        graph.source_of(probabilities + 1) == graph.nodes[probabilities]
        and (not biased or graph.source_of(probabilities + 2) == graph.nodes[probabilities])
        and graph.source_of(sort) == graph.nodes[sorted_]
        and graph.source_of(sort + 1) == graph.nodes[sort]
        and graph.source_of(sort + 2) == graph.nodes[probabilities + 1]
        and graph.source_of(sort + 2, 1) == graph.nodes[sort + 1]
    )
    return (gate + len(names_), sort + 1) if linked else None


def _is_gate(graph: Graph, index: int, gate: int) -> bool:
    if graph.operations[index] == "SOFT_MAX":
        return True
    function = names.unary(graph.node(index).op_params[0])
    if gate == 1:
        return function == "SIGMOID"
    return function == "SOFTPLUS" and graph.source_of(index + 1) == graph.nodes[index]


def _normalizes(graph: Graph, index: int) -> bool:
    if not graph.spells(index, _NORM):
        return False
    each = all(graph.source_of(index + step) == graph.nodes[index + step - 1] for step in (0, 1, 2, 4))
    divided = graph.source_of(index + 3), graph.source_of(index + 3, 1)
    return each and divided == (graph.nodes[index], graph.nodes[index + 2])


def _has_kernel(graph: Graph, index: int, last: int, ids: int) -> bool:
    strides = graph.node(ids).nb
    experts = strides[1] // strides[0]
    if (experts & (experts - 1) or experts > 512) and experts not in _OTHER_EXPERT_COUNTS:
        return False
    gate = graph.node(index)
    if not rules.asked("ggml_is_contiguous")(gate.src[0]) or not rules.compact(graph.node(last)):
        return False
    if graph.operations[index] == "UNARY":
        return True
    plain = rules.float_parameter(gate, 0) == 1.0 and rules.float_parameter(gate, 1) == 0.0
    return plain and not gate.src[1] and not gate.src[2]


def _keep_all(graph: Graph, index: int, length: int, keep: Keep) -> None:
    """All results within and all inputs stay until the node after, as the original does it."""
    end = index + length
    until = graph.nodes[end] if end < len(graph) else graph.following
    for address in graph.nodes[index:end] if until else ():
        keep(address, until)
        for operand in Tensor.from_address(address).src:
            if operand:
                keep(operand, until)
