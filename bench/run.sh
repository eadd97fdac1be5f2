#!/bin/sh
# Measures everything and writes bench/results/<processor>/*.md. The machine should do nothing else meanwhile.
#
#     bench/run.sh [PEER_SCRIPT] [TOKENIZER TEXT]
#
# PEER_SCRIPT: a PyTorch training step, see compare_pytorch.py. TOKENIZER, TEXT: GPT-2's tokenizer.json and text to encode with it, see
# compare_tokenizers/compare.mjs.
# What is not given is left out, with a word about it.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
relative() { realpath --relative-to="$root" -- "$1"; }
peer=${1:+$(relative "$1")}
tokenizer=${2:+$(relative "$2")}
text=${3:+$(relative "$3")}
cd "$root"

model=$(LC_ALL=C lscpu 2>/dev/null | sed -n 's/^Model name: *//p' | head -n 1)
[ -n "$model" ] || model=$(uname -m)
machine="$model, $(getconf _NPROCESSORS_ONLN) cores"
folder=bench/results/$(echo "$model" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-' | sed 's/^-//; s/-$//')
mkdir -p "$folder"
dotnet build src/Coppice.Cli --configuration Release --nologo --verbosity quiet
# Kernels for AVX2 where the processor has AVX-512, from an environment that asks for them, would be no comparison.
if grep -q -w avx512f /proc/cpuinfo 2>/dev/null; then export OPENBLAS_CORETYPE=SkylakeX; fi
coppice="dotnet artifacts/bin/Coppice.Cli/release/coppice.dll"

left_out() { echo "$1: left out, $2" >&2; }

# A title, a command, and what it prints.
page() {
    name=$1 title=$2
    shift 2
    echo "$name: $*" >&2
    "$@" > "$folder/$name.out"
    {
        printf '# %s\n\n%s\n\n    %s\n\n' "$title" "$machine" "$*"
        sed 's/^/    /' "$folder/$name.out"
    } > "$folder/$name.md"
    rm "$folder/$name.out"
}

if [ -n "$(ldconfig -p 2>/dev/null | grep libopenblas.so.0)" ]; then
    dotnet build bench/openblas --configuration Release --nologo --verbosity quiet
    {
        printf '# Matrix products, Coppice and OpenBLAS in turn\n\n%s\n\n    %sdotnet run -c Release --project bench/openblas\n\n' "$machine" "${OPENBLAS_CORETYPE:+OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE }"
        dotnet artifacts/bin/OpenBlasComparison/release/OpenBlasComparison.dll
    } > "$folder/gemm.md.new"
    mv "$folder/gemm.md.new" "$folder/gemm.md"
else
    left_out gemm "there is no libopenblas.so.0 (Debian: libopenblas0-pthread)"
fi

if [ -n "$peer" ]; then
    bench/compare_pytorch.py "$peer" > "$folder/train.md.new"
    mv "$folder/train.md.new" "$folder/train.md"
else
    left_out train "no PyTorch script was named"
fi

if [ -n "$text" ]; then
    page tokenizer "Tokenizing" $coppice bench tokenizer "$tokenizer" "$text"
    if [ -d bench/compare_tokenizers/node_modules ]; then
        bench/compare_tokenizers/compare.mjs "$tokenizer" "$text" > "$folder/compare_tokenizers.out"
        { echo; sed 's/^# /## /' "$folder/compare_tokenizers.out"; } >> "$folder/tokenizer.md"
        rm "$folder/compare_tokenizers.out"
    else
        left_out "the comparison of tokenizers" "bench/compare_tokenizers has no node_modules, see bench/README.md"
    fi
else
    left_out tokenizer "no tokenizer and text were named"
fi

page generate "Generating, GPT-2 124M" $coppice bench generate

if [ -d artifacts/npm/node_modules/node-llama-cpp ]; then
    scratch=$(mktemp -d)
    bench/compare_llama_cpp/random_model.mjs "$scratch/random-110m"
    bench/compare_llama_cpp/compare.mjs "$scratch/random-110m" > "$folder/llama_cpp.md.new"
    rm -r "$scratch"
    mv "$folder/llama_cpp.md.new" "$folder/llama_cpp.md"
else
    left_out "the comparison with llama.cpp" "node-llama-cpp is not installed, see bench/compare_llama_cpp/compare.mjs"
fi
