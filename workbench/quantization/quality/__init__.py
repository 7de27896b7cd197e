"""What a quantization costs: perplexity, divergence and agreement, measured against its base."""
