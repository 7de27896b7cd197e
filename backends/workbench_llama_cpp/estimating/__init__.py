"""What a model would take in memory, as llama.cpp itself computes it without allocating.

The estimator (estimator.py) writes the model's skeleton (skeleton.py) and asks a worker process (process.py,
worker.py) to go through loading it (dry_run.py). Knows nothing of what is free.
"""
