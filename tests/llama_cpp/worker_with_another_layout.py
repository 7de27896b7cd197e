"""The worker process as it would be where maps lie otherwise in memory than it believes."""

from __future__ import annotations

from workbench_llama_cpp.estimating import cpp_map, worker

if __name__ == "__main__":
    cpp_map._MAP, cpp_map._NODE = cpp_map._LlvmMap, cpp_map._LlvmNode
    worker.main()
