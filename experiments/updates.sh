#!/bin/sh
# All experiments on updates, one after the other: TEXTS holds the texts that updates.cs and years.cs name. What is in OUT already is not computed again.
#
#   experiments/updates.sh TEXTS OUT
set -eu
texts=$1
out=$2
here=$(dirname "$0")
mkdir -p "$out"
dotnet build -c Release "$here/../src/Coppice.Cli"
dotnet build -c Release "$here/../tests/Coppice.Continual.Tests"
dotnet run "$here/updates.cs" -- "$texts" -o "$out/updates"
dotnet run "$here/years.cs" -- "$texts/rust-weekly.jsonl.gz" -o "$out/years"
dotnet test -c Release --no-build "$here/../tests/Coppice.Continual.Tests" --filter BiographyExperiments --logger "console;verbosity=detailed" > "$out/biographies.txt" || { cat "$out/biographies.txt"; exit 1; }
cat "$out/updates/table.md" "$out/years/table.md"
grep '|' "$out/biographies.txt"
