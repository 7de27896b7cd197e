"""How much a constraint may take. Fuel is llguidance's measure of the work on regular expressions."""

from __future__ import annotations

from llguidance import LLParserLimits

MOST_CHARACTERS = 1 << 19
COMPILE_SECONDS = 2
"""Of processor time. Some costs have no limit in llguidance itself, such as those of a large multipleOf."""

COMPILE_STACK = 4 << 20
"""Bytes of stack that compiling may take where it is tried out; where it counts there is ENGINE_STACK."""

ENGINE_STACK = 64 << 20

LIMITS = LLParserLimits(
    initial_lexer_fuel=200_000,
    step_lexer_fuel=100_000,
    step_max_items=10_000,
    max_lexer_states=50_000,
    verbose_errors=False,
)
