#!/usr/bin/env node
// Writes a Llama model of random weights with a tokenizer of bytes, for measuring speed.
//
//     bench/compare_llama_cpp/random_model.mjs DIRECTORY [LAYERS HEADS WIDTH INTERMEDIATE VOCABULARY]
import fs from 'node:fs';
import path from 'node:path';

const [directory, layers = 12, heads = 12, width = 768, intermediate = 2048, vocabulary = 32000] = process.argv.slice(2).map((value, i) => (i ? Number(value) : value));
if (!directory || ![layers, heads, width, intermediate, vocabulary].every(Number.isInteger)) {
  console.error('usage: random_model.mjs DIRECTORY [LAYERS HEADS WIDTH INTERMEDIATE VOCABULARY]');
  process.exit(1);
}

const shapes = { 'model.embed_tokens.weight': [vocabulary, width], 'model.norm.weight': [width] };
for (let layer = 0; layer < layers; layer++) {
  const prefix = `model.layers.${layer}.`;
  for (const norm of ['input_layernorm', 'post_attention_layernorm']) shapes[`${prefix}${norm}.weight`] = [width];
  for (const name of ['q_proj', 'k_proj', 'v_proj', 'o_proj']) shapes[`${prefix}self_attn.${name}.weight`] = [width, width];
  for (const name of ['gate_proj', 'up_proj']) shapes[`${prefix}mlp.${name}.weight`] = [intermediate, width];
  shapes[`${prefix}mlp.down_proj.weight`] = [width, intermediate];
}

const header = { __metadata__: { format: 'pt' } };
let end = 0;
for (const [name, shape] of Object.entries(shapes)) {
  const bytes = 4 * shape.reduce((product, length) => product * length, 1);
  header[name] = { dtype: 'F32', shape, data_offsets: [end, end + bytes] };
  end += bytes;
}

fs.mkdirSync(directory, { recursive: true });
const file = fs.openSync(path.join(directory, 'model.safetensors'), 'w');
let text = JSON.stringify(header);
text += ' '.repeat((8 - (text.length % 8)) % 8);
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(text.length));
fs.writeSync(file, length);
fs.writeSync(file, text);
for (const shape of Object.values(shapes)) {
  const count = shape.reduce((product, side) => product * side, 1);
  // The sum of four uniform numbers, scaled to a standard deviation of 0.02.
  const values = Float32Array.from({ length: count }, () => (shape.length === 1 ? 1 : 0.02 * Math.sqrt(3) * (Math.random() + Math.random() + Math.random() + Math.random() - 2)));
  fs.writeSync(file, Buffer.from(values.buffer));
}
fs.closeSync(file);

fs.writeFileSync(path.join(directory, 'config.json'), JSON.stringify({
  architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: vocabulary, hidden_size: width, intermediate_size: intermediate, num_hidden_layers: layers,
  num_attention_heads: heads, num_key_value_heads: heads, head_dim: width / heads, max_position_embeddings: 2048, rms_norm_eps: 1e-5, rope_theta: 10000, hidden_act: 'silu',
  tie_word_embeddings: true, bos_token_id: 0, eos_token_id: 0,
}));

// GPT-2's alphabet of bytes: printable characters stand for themselves, the others are numbered from U+0100.
let next = 0x100;
const alphabet = Array.from({ length: 256 }, (_, byte) => String.fromCharCode((byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad) ? byte : next++));
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
fs.writeFileSync(path.join(directory, 'tokenizer.json'), JSON.stringify({
  version: '1.0', truncation: null, padding: null,
  added_tokens: [{ id: 0, content: '<|endoftext|>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
  normalizer: null, pre_tokenizer: byteLevel, post_processor: null, decoder: byteLevel,
  model: {
    type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false,
    vocab: Object.fromEntries(['<|endoftext|>', ...alphabet].map((token, id) => [token, id])), merges: [],
  },
}));
