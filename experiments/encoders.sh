#!/bin/sh
# The experiment on encoders: TEXTS holds books.jsonl.gz, TREEBANK the files of English EWT of Universal Dependencies. Half an hour on two cores.
#
#   experiments/encoders.sh TEXTS TREEBANK OUT [OPTIONS of encoders.cs]
set -eu
texts=$1
treebank=$2
out=$3
shift 3
here=$(dirname "$0")
mkdir -p "$out"
dotnet build -c Release "$here/.."
dotnet run "$here/encoders.cs" -- "$texts" "$treebank" -o "$out" "$@"
