"""Where the time of llama.cpp's passes goes, found by watching it compute in a process of its own.

The profiler (profiler.py) asks a worker process (worker.py), which loads the model and computes passes
(passes.py) while each kind of work is timed (watch.py, work.py), and then multiplies matrices without a model
(kernels.py). Knows nothing of what follows from the numbers.
"""
