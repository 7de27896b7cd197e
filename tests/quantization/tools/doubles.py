"""Doubles of exllamav2's, exllamav3's and MLC's converters: their options, files and ends, and no quantizing.

The real ones need an NVIDIA GPU, or wheels of an index of their own. `PAUSE` in the environment makes a
double wait after its first layer, `FAIL` makes it end there with code 1; each goes on as the real one would.
"""

from __future__ import annotations

import os
from pathlib import Path

_EXL2 = """
import argparse, json, os, pathlib, sys, time
parser = argparse.ArgumentParser()
for name in ("-i", "-o", "-om", "-m", "-cf", "-b"):
    parser.add_argument(name)
given = parser.parse_args()
job = pathlib.Path(given.o) / "job_new.json"
if not pathlib.Path(given.o).is_dir():
    sys.exit(" ## Output directory does not exist")
first = json.loads(job.read_text())["layer"] if job.is_file() else 0
for layer in range(first, 2):
    print(f"\\x1b[32m -- Layer: model.layers.{layer} (Attention)\\x1b[0m", flush=True)
    job.write_text(json.dumps({"layer": layer}))
    if layer == 0:
        time.sleep(float(os.environ.get("PAUSE", "0")))
        if "FAIL" in os.environ:
            sys.exit(" ## out of memory")
if given.om:
    pathlib.Path(given.om).write_text("{}")
else:
    assert pathlib.Path(given.m).is_file()
    target = pathlib.Path(given.cf)
    config = json.loads((pathlib.Path(given.i) / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "exl2", "bits": float(given.b or 4.125), "begun": first}
    (target / "config.json").write_text(json.dumps(config))
    (target / "output.safetensors").write_bytes(b"weights")
"""

_EXL3 = """
import argparse, json, os, pathlib, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("-i", "--in_dir")
parser.add_argument("-w", "--work_dir")
parser.add_argument("-o", "--out_dir")
parser.add_argument("-b", "--bits", type=float)
parser.add_argument("-resume", "--resume", action="store_true")

def prepare(args):
    work = pathlib.Path(args.work_dir)
    (work / "ckpt").mkdir(exist_ok=True)
    if not args.resume:
        (work / "args.json").write_text("{}")
        (work / "ckpt/job.json").write_text('{"next_module_idx": 0}')
    return vars(args), json.loads((work / "ckpt/job.json").read_text()), True, None

def main(args, state):
    job = pathlib.Path(args["work_dir"]) / "ckpt/job.json"
    for layer in range(state["next_module_idx"], 2):
        print(f" -- Loading unquantized module: model.layers.{layer}", end="\\r", flush=True)
        job.write_text(json.dumps({"next_module_idx": layer + 1}))
        if layer == 0:
            time.sleep(float(os.environ.get("PAUSE", "0")))
            if "FAIL" in os.environ:
                raise SystemExit(1)
    target = pathlib.Path(args["out_dir"])
    told = {"quant_method": "exl3", "bits": args["bits"], "begun": state["next_module_idx"]}
    (target / "config.json").write_text(json.dumps({"quantization_config": told}))
    (target / "model.safetensors").write_bytes(b"weights")
"""

_MLC = """#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in
        convert_weight|gen_config) doing=$1 ;;
        -o) shift; target=$1 ;;
        --conv-template) shift; template=$1 ;;
    esac
    shift
done
if [ $doing = convert_weight ]; then
    echo weights > "$target/params_shard_0.bin"
    echo '{}' > "$target/tensor-cache.json"
else echo "{\\"conv_template\\": \\"$template\\"}" > "$target/mlc-chat-config.json"; fi
"""


def installed(folder: Path) -> dict[str, str]:
    """All three below the folder; the environment in which they are found."""
    for package, module, text in (
        ("exllamav2", "convert_exl2", _EXL2),
        ("exllamav3", "convert_model", _EXL3),
    ):
        place = folder / package / "conversion"
        place.mkdir(parents=True)
        (place.parent / "__init__.py").touch()
        (place / "__init__.py").touch()
        (place / f"{module}.py").write_text(text)
    program = folder / "mlc_llm"
    program.write_text(_MLC)
    program.chmod(0o755)
    return {
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
    }
