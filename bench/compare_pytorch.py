#!/usr/bin/env python3
"""Training steps of Coppice and of PyTorch in turn, in one sitting, as a Markdown table of medians.

    bench/compare_pytorch.py PEER_SCRIPT [--rounds N] [--threads N] [--steps N] [--python PATH]

PEER_SCRIPT runs a PyTorch GPT-2 training step: it takes LAYERS HEADS WIDTH VOCAB BATCH SEQUENCE THREADS STEPS and prints one JSON
line with tokens_per_second and peak_memory_mib. It runs under --python, by default Debian's Python with its python3-torch.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COPPICE = os.path.join("artifacts", "bin", "Coppice.Cli", "release", "coppice.dll")
NAMES = ["layers", "heads", "width", "vocab", "batch", "sequence"]
SHAPES = [
    (4, 4, 128, 65, 12, 64),
    (8, 8, 256, 8192, 8, 256),
    (6, 6, 384, 8192, 8, 256),
    (12, 12, 768, 50257, 4, 64),
]


def machine():
    """The processor's name and its cores, as lscpu says them."""
    try:
        lines = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout.splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        name = fields["Model name"].strip()
    except (OSError, KeyError):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def measure(command):
    """Runs a command and reads the JSON object on its last line of output."""
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: failed\n{result.stderr}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def median(results, key):
    return statistics.median(result[key] for result in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", help="the script with the PyTorch step")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=7, help="measured steps of a round, on either side")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    options = parser.parse_args()
    if min(options.rounds, options.threads, options.steps) < 1:
        parser.error("rounds, threads and steps are at least 1")
    peer = os.path.relpath(options.peer, ROOT)
    # PyTorch may multiply by OpenBLAS, and then this decides how fast: it belongs to the command.
    setting = [f"OPENBLAS_CORETYPE={os.environ['OPENBLAS_CORETYPE']}"] if os.environ.get("OPENBLAS_CORETYPE") else []
    rows, commands = [], []
    for shape in SHAPES:
        ours_command = ["dotnet", COPPICE, "bench", "train", "--json"]
        for name, value in zip(NAMES, shape):
            ours_command += [f"--{name}", str(value)]
        ours_command += ["--threads", str(options.threads), "--steps", str(options.steps)]
        # The peer leaves out its first two steps and counts them.
        their_command = [options.python, peer, *map(str, shape), str(options.threads), str(options.steps + 2)]
        ours, theirs = [], []
        for number in range(options.rounds):
            print(f"{' '.join(map(str, shape))}: round {number + 1} of {options.rounds}", file=sys.stderr)
            ours.append(measure(ours_command))
            theirs.append(measure(their_command))
        speed, memory = median(ours, "tokens_per_second"), median(ours, "peak_memory_mib")
        their_speed, their_memory = median(theirs, "tokens_per_second"), median(theirs, "peak_memory_mib")
        utilisation = median(ours, "model_flops_utilization")
        rows.append(
            f"| {' '.join(map(str, shape))} | {speed:,.0f} | {their_speed:,.0f} | {speed / their_speed:.2f} x "
            f"| {memory:,.0f} | {their_memory:,.0f} | {memory / their_memory:.2f} x | {100 * utilisation:.0f} % |")
        commands += [" ".join(ours_command), " ".join(setting + their_command)]
        name = theirs[0].get("peer", "PyTorch")
    print(f"# Training steps, Coppice and {name} in turn\n")
    print(f"{machine()}; {options.threads} threads; medians of {options.rounds} rounds of {options.steps} steps. A shape is {' '.join(NAMES)}.\n")
    print("| shape | Coppice tokens/s | PyTorch tokens/s | speed | Coppice MiB | PyTorch MiB | memory | utilisation |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(rows))
    print("\nCommands, from the root of the repository:\n")
    print("\n".join("    " + command for command in commands))


if __name__ == "__main__":
    main()
