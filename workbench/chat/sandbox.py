"""The sandbox in which a stranger's chat template runs: plain values in, bounded time, text and memory out.

Jinja's own sandbox keeps a template from the program's internals; this one also counts what it builds. All
that can grow is either checked before it grows or counted right after, in steps too small to hurt. Knows
nothing of conversations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any, cast

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from workbench.chat.growth import VALUE, extent, result_size

MAX_SECONDS = 2.0
MAX_CHARACTERS = 16_000_000
MAX_BUILT = 200_000_000
MAX_NUMBER = 100_000
"""Numbers in calls, such as widths and counts, above this are refused."""

GENERATION_BEGINS, GENERATION_ENDS = "generation_begins_here", "generation_ends_here"

_WITHOUT = ("pprint", "urlize", "wordwrap", "xmlattr")


class Budget:
    """What one rendering may still use: seconds, and characters or values that it builds."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + MAX_SECONDS
        self._room = MAX_BUILT

    def tick(self) -> None:
        if time.monotonic() > self._deadline:
            raise SecurityError("it takes too long")

    def spend(self, amount: int) -> None:
        self._room -= amount
        if self._room < 0:
            raise SecurityError("it builds too much")
        self.tick()


_budget: ContextVar[Budget] = ContextVar("budget")


def bounded(render: Callable[[], Iterator[str]]) -> str:
    """The pieces that `render` yields, joined, within one budget. Raises SecurityError beyond it."""
    token = _budget.set(Budget())
    try:
        written: list[str] = []
        room = MAX_CHARACTERS
        for piece in render():
            room -= len(piece)
            if room < 0:
                raise SecurityError("it writes without end")
            _budget.get().tick()
            written.append(piece)
        return "".join(written)
    finally:
        _budget.reset(token)


class _Watched:
    """Something that is looped over, with a look at the clock before each round."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            _budget.get().tick()
            yield item


def _counted(value: Any) -> Any:
    size = VALUE + len(value) if type(value) is str else extent(value, MAX_BUILT)
    _budget.get().spend(size)
    return value


def _joined(values: list[Any]) -> str:
    return str(_counted("".join([str(_counted(value)) for value in values])))


class _Counting(NodeTransformer):
    """Puts a count on everything in a template that builds values without a call."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "watched")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "joined")

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, "counted")

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, "counted")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, "counted") if node.ctx == "load" else node


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(cast(nodes.Expr, node), name, [], [], None, None, lineno=node.lineno)


class GenerationTag(Extension):
    """`{% generation %}` marks the assistant's words for training; they are written as they are.

    What the variables GENERATION_BEGINS and GENERATION_ENDS hold, if anything, is written before and after.
    """

    tags = {"generation"}  # noqa: RUF012 - jinja's own declaration

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        begins, ends = (
            nodes.Output([nodes.Name(name, "load", lineno=line)], lineno=line)
            for name in (GENERATION_BEGINS, GENERATION_ENDS)
        )
        return nodes.Scope([begins, *body, ends], lineno=line)


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles templates with the settings that transformers gives them. Render under `bounded`."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[GenerationTag, loopcontrols],
            finalize=_counted,
            optimized=False,
        )
        self.filters = {
            name: _guarded(name, filter_) for name, filter_ in self.filters.items() if name not in _WITHOUT
        }
        self.filters |= {"watched": _Watched, "counted": _counted, "joined": _joined}
        del self.globals["lipsum"]

    def concat(self, pieces: Iterable[str]) -> str:
        return str(_counted("".join(pieces)))

    def add_filter(self, name: str, filter_: Callable[..., Any]) -> None:
        self.filters[name] = _guarded(name, filter_)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and type(left) is str and type(right) is str:  # most of what templates do
            _budget.get().spend(len(left) + len(right))
            return _counted(left + right)
        _check_size(operator, [left, right], {})
        return _counted(super().call_binop(context, operator, left, right))

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        subject = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
        if isinstance(subject, str | bytes | int):
            _check_size(obj.__name__, [subject, *args], kwargs)
        _budget.get().tick()
        return _counted(super().call(context, obj, *args, **kwargs))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = _Counting().visit(super()._parse(source, name, filename))
        assert isinstance(tree, nodes.Template)
        return tree


def _check_size(operation: str, values: list[Any], named: dict[str, Any]) -> None:
    """Raise SecurityError before something is built that would be too large."""
    if operation.isidentifier():
        for value in (*values[1:], *named.values()):
            if isinstance(value, int) and abs(value) > MAX_NUMBER:
                raise SecurityError(f"a number given to {operation} is too large")
    _budget.get().spend(result_size(operation, values, named, MAX_BUILT))


def _guarded(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(filter_)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        given = list(args[1:] if hasattr(filter_, "jinja_pass_arg") else args)
        _check_size(name, given, kwargs)
        return _counted(filter_(*args, **kwargs))

    return guarded
