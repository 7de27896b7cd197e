"""Vocabularies of a few kilobytes as GGUF files, made for a chat template: bytes, and its control tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import gguf

_CONTROL = re.compile(r"<[^\s<>{}'\"\\]{1,60}>|\[/?[A-Z_]{2,}\]")
_PRINTABLE = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}


def vocabulary(
    path: Path, template: str | None, *, bos: str = "<s>", eos: str = "</s>", adds_bos: bool = False,
    turn_end: str = "", more: Sequence[str] = (),
) -> Path:  # fmt: skip
    """A model without weights whose control tokens are those that the template names, bos, eos and `more`."""
    others = iter(range(0x100, 0x200))
    letters = [chr(byte if byte in _PRINTABLE else next(others)) for byte in range(256)]
    control = list(dict.fromkeys([bos, eos, *more, *_CONTROL.findall(template or "")]))
    tokens = [*letters, "ĊĊ", *control]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(2048)
    writer.add_embedding_length(16)
    writer.add_feed_forward_length(16)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * 257 + [gguf.TokenType.CONTROL] * len(control))
    writer.add_token_merges(["Ċ Ċ"])
    writer.add_bos_token_id(tokens.index(bos))
    writer.add_eos_token_id(tokens.index(eos))
    writer.add_add_bos_token(adds_bos)
    if turn_end:
        writer.add_eot_token_id(tokens.index(turn_end))
    if template is not None:
        writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
