"""Tensors in groups: few enough to be measured, each in one of them."""

from __future__ import annotations

import re

from workbench.quantization.budget.groups import groups_of

KINDS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def names(layers: int) -> list[str]:
    return ["token_embd.weight", *(f"blk.{layer}.{kind}.weight" for layer in range(layers) for kind in KINDS)]


def test_of_a_small_model_each_tensor_stands_for_itself() -> None:
    assert [group.tensors for group in groups_of(names(6))] == [(name,) for name in names(6)]


def test_of_a_large_model_layers_that_lie_together_share_a_type() -> None:
    groups = groups_of(names(80))
    assert len(groups) <= 48
    assert sorted(tensor for group in groups for tensor in group.tensors) == sorted(names(80))
    first = groups[1].tensors
    assert first[:2] == ("blk.0.attn_q.weight", "blk.1.attn_q.weight")
    (rule, *_) = groups[1].of_type("Q4_K")
    assert re.search(rule.pattern, "blk.0.attn_q.weight") and not re.search(
        rule.pattern, "blk.10.attn_q.weight"
    )
