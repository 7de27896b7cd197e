"""What an answer must look like, to the token: a JSON Schema, a regular expression or a grammar.

A plain value. Knows no engine and checks nothing; whoever enforces it says what it cannot enforce.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ConstraintKind = Literal["json_schema", "regex", "lark", "gbnf"]

JSON_SPACING = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""JSON on one line, with or without a space after commas and colons, so that no answer is spaces without end.

A schema inside Lark asks for it as its "x-guidance"; one by itself always gets it.
"""


@dataclass(frozen=True, slots=True)
class Constraint:
    """The whole answer matches `text`, which is of this kind.

    Attributes:
        kind: "json_schema" is a schema as JSON text; "lark" is llguidance's dialect of Lark, in which a rule
            may hold a schema (`%json {...}`) and name control tokens (`<|end|>`); "gbnf" is llama.cpp's own.
    """

    kind: ConstraintKind
    text: str


ANY_OBJECT = Constraint("json_schema", '{"type": "object"}')
_GBNF_RULE = re.compile(r"^[ \t]*[A-Za-z0-9_-]+[ \t]*::=", re.MULTILINE)


def grammar(text: str) -> Constraint:
    """GBNF where a line begins with `name ::=`, else Lark."""
    return Constraint("gbnf" if _GBNF_RULE.search(text) else "lark", text)
