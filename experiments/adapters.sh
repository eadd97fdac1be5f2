#!/bin/sh
# The experiment on adapters: TEXTS holds books.jsonl.gz, EVAL blimp.jsonl.gz and ud-ewt-{dev,test}.conllu.gz. At most an hour and a half on two cores.
#
#   experiments/adapters.sh TEXTS EVAL OUT [OPTIONS of adapters.cs]
set -eu
texts=$1
eval=$2
out=$3
shift 3
here=$(dirname "$0")
mkdir -p "$out"
dotnet build -c Release "$here/.."
dotnet run -c Release "$here/adapters.cs" -- "$texts" "$eval" -o "$out" "$@"
