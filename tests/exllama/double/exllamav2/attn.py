"""As with flash-attn installed."""

has_flash_attn_with_paged = True
