// Trains a byte-level BPE of 30,000 tokens with Hugging Face's trainer, whose defaults those are: node train_huggingface.mjs TEXT-FILE TOKENIZER-FILE
import tokenizers from 'tokenizers';

const [text, output] = process.argv.slice(2);
const tokenizer = new tokenizers.Tokenizer(tokenizers.BPE.empty());
tokenizer.setPreTokenizer(tokenizers.byteLevelPreTokenizer(false, true));
tokenizer.train([text]);
tokenizer.save(output);
