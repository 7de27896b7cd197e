"""The tokenizer: byte-level BPE with GPT-2's way of splitting text into words.

llama.cpp knows that way as `gpt-2`, so it cuts text exactly as training did. It knows nothing of roles
and turns, only the tokens that mark them.
"""

from collections.abc import Iterable
from itertools import pairwise
from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT, TURN_START, TURN_END = 0, 1, 2
CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A tokenizer with `vocabulary` tokens, the control tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """The tokens of `text`."""
    tokens: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return tokens


def encode_roughly(tokenizer: Tokenizer, text: str, rng: Random) -> list[int]:
    """The tokens of `text` with a few words cut at random places.

    A word the tokenizer has never met arrives in pieces; cutting words in training teaches what pieces mean.
    """
    count = min(len(text) - 1, 1 + len(text) // 25)
    edges = [0, *sorted(rng.sample(range(1, len(text)), k=count)), len(text)]
    return [token for start, end in pairwise(edges) for token in encode(tokenizer, text[start:end])]
