"""What a fine-tune has learnt: its losses and answers on rows that it was not trained on, beside its base."""
