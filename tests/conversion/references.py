"""Tiny random models that transformers computes with torch, and the folders that it saves them in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from tests.conversion.tiny_tokenizers import SIZE

SMALL: dict[str, Any] = {
    "vocab_size": SIZE,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A model of transformers and its folder."""

    model: Any
    folder: Path

    def logits(self, tokens: list[int]) -> NDArray[np.float32]:
        """Those after each of the tokens: (tokens, vocabulary)."""
        return self._outputs(tokens).logits[0].numpy()  # type: ignore[no-any-return]

    def hidden(self, tokens: list[int]) -> NDArray[np.float32]:
        """The last layer's vectors: (tokens, hidden size)."""
        return self._outputs(tokens).last_hidden_state[0].numpy()  # type: ignore[no-any-return]

    def _outputs(self, tokens: list[int]) -> Any:
        import torch

        with torch.no_grad():
            return self.model(
                torch.tensor([tokens]), attention_mask=torch.ones(1, len(tokens), dtype=torch.long)
            )


def random_model(folder: Path, kind: str, **changes: Any) -> Reference:
    """Of the configuration class `kind`, all weights drawn at random, norms and biases too; saved there."""
    import torch
    import transformers

    config = getattr(transformers, kind)(**{**SMALL, **changes})
    torch.manual_seed(3)
    encoder = "Bert" in kind or "Roberta" in kind
    automatic = transformers.AutoModel if encoder else transformers.AutoModelForCausalLM
    model = automatic.from_config(config, attn_implementation="eager").eval()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            spread = 0.3 if tensor.ndim > 1 else 0.1
            tensor.copy_(spread * torch.randn_like(tensor) + (1.0 if name.endswith("norm.weight") else 0.0))
    model.save_pretrained(folder)
    return Reference(model, folder)


def save_tokenizer(tokenizer: Tokenizer, folder: Path, **roles: str) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(roles))
