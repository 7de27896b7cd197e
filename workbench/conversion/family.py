"""What families of decoders have in common: their metadata, and which tensor becomes which of GGUF.

A family of its own derives from this, in families/. The names of GGUF come from the gguf package's tables.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import gguf

from workbench.conversion.checkpoint import Checkpoint
from workbench.conversion.gguf_output import Weight
from workbench.conversion.json_file import Entries
from workbench.conversion.rope import describe_rope, rope_of
from workbench.conversion.sources import Source, Stack
from workbench.errors import InvalidModel, Unsupported

_EXPERT = re.compile(r"(.+\.experts)\.(\d+)\.(.+)")
_MAX_BLOCKS = 1024
Named = Iterator[tuple[str, Source]]


class Family:
    """`accepts` are the architectures of config.json, `architecture` is GGUF's name of it."""

    architecture: ClassVar[str]
    accepts: ClassVar[tuple[str, ...]]
    activations: ClassVar[frozenset[str]] = frozenset({"silu", "swish"})
    rope_scalings: ClassVar[frozenset[str]] = frozenset({"linear", "yarn"})
    ignored: ClassVar[tuple[str, ...]] = (".rotary_emb.inv_freq", ".position_ids")
    """Endings of tensors that hold nothing learned."""
    required: ClassVar[tuple[str, ...]] = ("token_embd.weight", "output_norm.weight")
    head: ClassVar[tuple[str, ...]] = ("output.weight",)
    """Required as well where it is not the table of embeddings."""
    always_has_head: ClassVar[bool] = False
    """Whether engines want it also where it is that table."""

    def __init__(self, config: Entries) -> None:
        self.config = config
        self.blocks = config.integer("num_hidden_layers", "n_layer", low=1, high=_MAX_BLOCKS)
        self.hidden = config.integer("hidden_size", low=1)
        self.heads = config.integer("num_attention_heads", low=1)
        self.kv_heads = config.integer("num_key_value_heads", default=self.heads, low=1)
        self.head_size = config.integer("head_dim", default=self.hidden // self.heads, low=1)
        self.feed_forward = config.integer("intermediate_size", low=1)
        self.context_length = config.integer("max_position_embeddings", "n_positions", default=2048, low=1)
        self.rope = rope_of(config)
        self.notes: list[str] = []
        """What of the model is not kept, in sentences."""

    def describe(self, writer: Any) -> None:
        """Put the hyperparameters into the GGUFWriter. Raises InvalidModel or Unsupported."""
        self._check_activation()
        writer.add_block_count(self.blocks)
        writer.add_context_length(self.context_length)
        writer.add_embedding_length(self.hidden)
        writer.add_feed_forward_length(self.feed_forward)
        self.describe_heads(writer)
        self.describe_positions(writer)
        self.describe_norms(writer)

    def describe_heads(self, writer: Any) -> None:
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.kv_heads)
        writer.add_key_length(self.head_size)
        writer.add_value_length(self.head_size)

    def describe_positions(self, writer: Any) -> None:
        writer.add_rope_dimension_count(self.head_size)
        describe_rope(writer, self.rope, self.context_length, self.rope_scalings)

    def describe_norms(self, writer: Any) -> None:
        writer.add_layer_norm_rms_eps(self.config.number("rms_norm_eps", default=1e-6))

    def place(self, name: str, source: Source) -> Named:
        """The tensor under a name that the tables know, changed where GGUF has it otherwise."""
        yield name, source

    def extra(self) -> Iterator[Weight]:
        """Tensors that no checkpoint holds."""
        yield from ()

    def weights(self, checkpoint: Checkpoint) -> list[Weight]:
        """All tensors of the output. Raises InvalidModel where one is unknown or missing."""
        placed = list(self.extra())
        for name, source in _stacked(checkpoint, filter(self.holds_weights, checkpoint.names())):
            placed += [Weight(self.gguf_name(new, name), each) for new, each in self.place(name, source)]
        names = [weight.name for weight in placed]
        if self.always_has_head and "output.weight" not in names:
            tables = [weight.source for weight in placed if weight.name == "token_embd.weight"]
            placed += [Weight("output.weight", table) for table in tables]
        self._check_complete(names)
        self._check_shapes(placed)
        return placed

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """By the end of a tensor's name, what its shape ends in where config.json tells the truth."""
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        return {
            "token_embd.weight": (self.hidden,),
            "attn_q.weight": (queries, self.hidden),
            "attn_k.weight": (keys, self.hidden),
            "attn_v.weight": (keys, self.hidden),
            "attn_output.weight": (self.hidden, queries),
            "ffn_down.weight": (self.hidden, self.feed_forward),
        }

    def gguf_name(self, name: str, shown: str) -> str:
        found = self._names().get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise InvalidModel(
                f"{shown} is a tensor that {self.accepts[0]} does not have.",
                "The model may be of another kind.",
            )
        return str(found)

    def _names(self) -> Any:
        kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
        return gguf.get_tensor_name_map(kinds[self.architecture], self.blocks)

    def holds_weights(self, name: str) -> bool:
        """Whether the tensor is one of the model's own."""
        tied = name == "lm_head.weight" and self.config.flag("tie_word_embeddings")
        return not tied and not name.endswith(self.ignored)

    def _check_activation(self) -> None:
        keys = ("hidden_activation", "hidden_act", "activation_function")
        activation = next((self.config.text(key) for key in keys if key in self.config), "")
        if activation and activation not in self.activations:
            raise Unsupported(f"{self.accepts[0]} with the activation {activation!r} is not known.")

    def _check_complete(self, names: list[str]) -> None:
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InvalidModel(f"Two tensors would both become {twice}.", "Fetch the model again.")
        head = self.head if self.config.values.get("tie_word_embeddings") is False else ()
        for name in (*self.required, *head):
            if name not in names:
                self._refuse_incomplete(name)
        self._check_blocks(names)

    def _check_shapes(self, weights: list[Weight]) -> None:
        expected = self.shapes()
        for weight in weights:
            ending = expected.get(re.sub(r"^blk\.\d+\.", "", weight.name), ())
            if ending and weight.source.shape[-len(ending) :] != ending:
                shape = list(weight.source.shape)
                told = f"{weight.name} has shape {shape}; by config.json it ends in {list(ending)}."
                raise InvalidModel(told, "Fetch the model again.")

    def _check_blocks(self, names: list[str]) -> None:
        """Blocks are alike, but for feed-forward parts where some have experts."""
        parts: defaultdict[int, set[str]] = defaultdict(set)
        for name in names:
            if name.startswith("blk."):
                _, number, part = name.split(".", 2)
                parts[int(number)].add(part)
        everywhere = set().union(*parts.values())
        if any("_exps" in part for part in everywhere):
            everywhere = {part for part in everywhere if "ffn_" not in part and "exp_probs" not in part}
        for block in range(self.blocks):
            for part in sorted(everywhere - parts[block]):
                self._refuse_incomplete(f"blk.{block}.{part}")

    def _refuse_incomplete(self, name: str) -> None:
        raise InvalidModel(f"The model's files lack what becomes {name}.", "Fetch the model again.")


def _stacked(checkpoint: Checkpoint, names: Iterable[str]) -> Named:
    """The weights by name, those of experts put together as one tensor each."""
    experts: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for name in names:
        if match := _EXPERT.fullmatch(name):
            experts[f"{match[1]}.{match[3]}"][int(match[2])] = name
        else:
            yield name, checkpoint.source(name)
    for name, members in experts.items():
        if sorted(members) != list(range(len(members))):
            raise InvalidModel(f"An expert is missing in {name}.", "Fetch the model again.")
        sources = [checkpoint.source(members[index]) for index in range(len(members))]
        if len({source.shape for source in sources}) > 1:
            raise InvalidModel(f"The experts of {name} differ in shape.", "Fetch the model again.")
        yield name, Stack(sources)
