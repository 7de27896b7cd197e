"""Importance matrices, measured while llama.cpp evaluates a text.

The calibrator (calibrator.py) asks a worker process (worker.py), which loads the model and reads the text in
pieces (evaluation.py). Before each multiplication llama.cpp shows its inputs, which are squared and added up
(collector.py). Knows nothing of where matrices are kept.
"""
