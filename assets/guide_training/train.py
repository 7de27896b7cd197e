"""Makes the guide from nothing: `python train.py [-o guide.gguf]`.

Writes the training text, trains the tokenizer and the network on it, measures the loss on text from
another seed, and exports the result. It does not judge the answers; `evaluate.py` does.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from corpus import Packer, load_corpus
from export import export
from model import Geometry, Llama
from tokenizer import train_tokenizer
from torch import Tensor
from torch.nn import functional

SEED = 20
HELD_OUT_SEED = 7919
TOKENS_PER_STEP = 4096
EXPORT_EVERY = 400
ROW_LENGTHS = (256, 256, 256, 256, 256, 1024)
PEAK_RATE, WARM_UP = 2e-3, 100


def learning_rate(step: int, steps: int) -> float:
    """A linear warm-up, then half a cosine down to a hundredth of the peak."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    progress = (step - WARM_UP) / max(1, steps - WARM_UP)
    return PEAK_RATE * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)


def draw(packer: Packer, length: int, tokens: int = TOKENS_PER_STEP) -> tuple[Tensor, Tensor]:
    """A batch of rows of `length` tokens and their weights."""
    rows, weights = packer.rows(tokens // length, length)
    return torch.from_numpy(rows), torch.from_numpy(weights)


def weighted_loss(model: Callable[[Tensor], Tensor], rows: Tensor, weights: Tensor) -> Tensor:
    """The mean cross-entropy of the next tokens, in nats, by weight."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(rows[:, :-1])
    losses = functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    weight = weights[:, 1:].flatten()
    return (losses * weight).sum() / weight.sum()


def optimizer_of(model: Llama) -> torch.optim.Optimizer:
    """AdamW, which lets norms and embeddings undecayed."""
    matrices = [weight for weight in model.blocks.parameters() if weight.ndim == 2]
    kept = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in kept]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98), fused=True)


def train(model: Llama, packer: Packer, steps: int) -> Iterator[int]:
    """Train `model` in place and yield the number of each finished step."""
    optimizer, compiled, began = optimizer_of(model), torch.compile(model, dynamic=False), time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        loss = weighted_loss(compiled, *draw(packer, ROW_LENGTHS[step % len(ROW_LENGTHS)]))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 25 == 0:
            print(f"step {step:5d}  loss {loss.item():.4f}  {time.monotonic() - began:6.0f} s", flush=True)
        yield step + 1


def held_out_loss(model: Llama, packer: Packer) -> float:
    """The loss on text of another seed."""
    with torch.no_grad():
        losses = [weighted_loss(model, *draw(packer, 256)).item() for _ in range(12)]
    return sum(losses) / len(losses)


def main() -> None:
    """Parse the arguments, train and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    bundled = Path(__file__).parents[1] / "workbench_guide" / "guide.gguf"
    parser.add_argument("-o", "--output", type=Path, default=bundled)
    parser.add_argument("--steps", type=int, default=2200)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    geometry = Geometry()
    tokenizer = train_tokenizer(load_corpus(SEED + 1).texts(30_000), geometry.vocabulary)
    model = Llama(geometry)
    for done in train(model, Packer(load_corpus(SEED), tokenizer), arguments.steps):
        if done % EXPORT_EVERY == 0:
            export(model, tokenizer, arguments.output)
    loss = held_out_loss(model, Packer(load_corpus(HELD_OUT_SEED), tokenizer))
    print(f"held-out loss {loss:.4f}")
    export(model, tokenizer, arguments.output)


if __name__ == "__main__":
    main()
