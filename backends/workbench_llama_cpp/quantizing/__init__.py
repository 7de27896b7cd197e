"""Files of a model in fewer bits, written by llama.cpp's own quantizer.

The quantizer (quantizer.py) asks a worker process (worker.py), since llama.cpp ends the process on a failed
assertion. The worker calls the library (run.py), and learns from what it logs how far it is and what it plans
(planning.py). Knows nothing of where models are kept.
"""
