#!/bin/sh
# Writes the SentencePiece models of the tests (sentencepiece 0.1.97): make-sentencepiece.sh TEXT, where TEXT is the beginning of tinyshakespeare.txt
# (150,000 bytes) and a few lines with other letters. What they make of the texts of sentencepiece-reference.json is what spm_encode --output_format=id said.
set -e
printf 'FB01\t66 69\n2460\t31\n65 301\tE9\nA0\t20\n9\t20\nA\t20\n3000\t20\n200B\t\nFB03\t66 66 69\nFF76\t30AB\nFF76 FF9E\t30AC\n' > rules.tsv
for kind in unigram bpe; do
  spm_train --input="$1" --model_prefix=sentencepiece-$kind --model_type=$kind --vocab_size=500 --character_coverage=1.0 --byte_fallback=true \
    --user_defined_symbols='<sep>,<<x>>' --normalization_rule_tsv=rules.tsv --num_threads=1
done
spm_train --input="$1" --model_prefix=sentencepiece-char --model_type=char --vocab_size=90 --character_coverage=1.0 --normalization_rule_name=identity \
  --add_dummy_prefix=false --remove_extra_whitespaces=false
spm_train --input="$1" --model_prefix=sentencepiece-plain --model_type=unigram --vocab_size=300 --normalization_rule_name=identity --num_threads=1
