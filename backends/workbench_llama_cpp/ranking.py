"""A query and a document as the tokens that a model which ranks was trained to read.

By the model's own template where it has one, else with control tokens between them, in llama.cpp's order.
"""

from __future__ import annotations

import re
from typing import Any

from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.vocabulary import Vocabulary


def rank_template(model: Any) -> str | None:
    """A text that names {query} and {document}, if the model has one."""
    template = llama().llama_model_chat_template(model, b"rerank")
    return template.decode(errors="replace") if template else None


def pair(vocabulary: Vocabulary, template: str | None, query: str, document: str) -> list[int]:
    """The template's own control tokens are read as such."""
    if template is not None:
        texts = {"{query}": query, "{document}": document}
        filled = re.sub(r"\{query\}|\{document\}", lambda found: texts[found[0]], template)
        return vocabulary.tokenize(filled, special=True, add=False)
    first, end, between = vocabulary.separators()
    return [
        *first,
        *vocabulary.tokenize(query, special=False),
        *end,
        *between,
        *vocabulary.tokenize(document, special=False),
        *end,
    ]
