"""A fine-tune with TRL on the processor, whole or as a LoRA adapter, and what comes of it as a GGUF file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.conversion.converting import Choices, convert
from workbench.conversion.converting_adapters import convert_adapter


def trained(model: Path, rows: Sequence[Path], folder: Path, *, epochs: float, lora: bool = False) -> Path:
    """The tuned model, or the adapter, as the workbench converts it."""
    from peft import LoraConfig
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    set_seed(1)
    options: Any = (
        {"peft_config": LoraConfig(r=32, lora_alpha=64, target_modules="all-linear")} if lora else {}
    )
    trainer = SFTTrainer(
        model=str(model),
        args=SFTConfig(
            output_dir=str(folder), num_train_epochs=epochs, learning_rate=5e-3 if lora else 1e-3,
            per_device_train_batch_size=16, max_length=256, assistant_only_loss=True, warmup_steps=20,
            lr_scheduler_type="cosine", use_cpu=True, bf16=False, save_strategy="no", report_to="none",
            logging_strategy="no", disable_tqdm=True, gradient_checkpointing=False,
        ),
        train_dataset=_dataset(rows, folder),
        **options,
    )  # fmt: skip
    trainer.train()
    trainer.save_model(str(folder))
    choices = Choices(output=folder / "tuned.gguf")
    told = convert_adapter(folder, model, choices, _quietly) if lora else convert(folder, choices, _quietly)
    return told.path


def _dataset(rows: Sequence[Path], folder: Path) -> Any:
    import datasets

    return datasets.load_dataset(
        "json", data_files=[str(path) for path in rows], split="train", cache_dir=str(folder / "cache")
    )


def _quietly(*progress: Any) -> None:
    pass
