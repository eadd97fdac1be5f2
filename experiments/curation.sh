#!/bin/sh
# All experiments on curation, one after the other: whether curated text trains better models (curation.cs), what is found of planted junk, and a build of 10 GB.
# TEXTS holds the texts that curation.cs names; the planted corpus needs the shared test data beside the repository.
#
#   experiments/curation.sh TEXTS OUT [SIZE]
set -eu
texts=$1
out=$2
size=${3:-10GB}
here=$(dirname "$0")
mkdir -p "$out"
dotnet build -c Release "$here/.."
dotnet run "$here/curation.cs" -- "$texts" -o "$out/compared"
dotnet test -c Release --no-build "$here/../tests/Coppice.Corpus.Tests" --filter PlantedCorpusTests --logger "console;verbosity=detailed" > "$out/planted.txt" || { cat "$out/planted.txt"; exit 1; }
"$here/../coppice" bench curation --size "$size" --folder "$out" > "$out/scale.txt"
cat "$out/compared/table.md"
grep -A 60 'precision  recall' "$out/planted.txt"
cat "$out/scale.txt"
