#!/usr/bin/env -S node --expose-gc
// Coppice's tokenizer in turn with Hugging Face's tokenizers (native) and tiktoken (WASM), as Markdown tables of medians.
//
//     npm install --no-package-lock                      # once, in this folder
//     bench/compare_tokenizers/compare.mjs TOKENIZER TEXT [ROUNDS]
//
// TOKENIZER: GPT-2's tokenizer.json. TEXT: documents as .jsonl or .jsonl.gz, in the field `text`. Fails where token ids or merges are not the same.
// Hugging Face's side gets batches of lines: its trainer reads no other way, and it encodes them faster than documents. Words are the same only
// where no other white space is next to a line end, save one more line end: the text must be so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { get_encoding } from 'tiktoken';
import tokenizers from 'tokenizers';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.dirname(path.dirname(HERE));
const COPPICE = ['dotnet', 'artifacts/bin/Coppice.Cli/release/coppice.dll'];
const VERSIONS = JSON.parse(fs.readFileSync(path.join(HERE, 'package.json'), 'utf8')).dependencies;
const HUGGING_FACE = `tokenizers ${VERSIONS.tokenizers}`;
const TIKTOKEN = `tiktoken ${VERSIONS.tiktoken}`;
const BATCH = 100;
const THREADS = 2;
const VOCABULARY = 30_000;

function fail(message) {
  console.error(message);
  process.exit(1);
}

function readDocuments(file) {
  const bytes = fs.readFileSync(file);
  const lines = (file.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString('utf8').split('\n');
  return lines.filter((line) => line.trim()).map((line) => JSON.parse(line).text);
}

// Runs a command from the root of the repository: what it prints, and its seconds from start to exit.
function run(command, environment = {}) {
  const start = performance.now();
  const result = spawnSync(command[0], command.slice(1), { cwd: ROOT, env: { ...process.env, ...environment }, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (result.status !== 0) fail(`${command.join(' ')}: failed\n${result.stderr}`);
  return { output: result.stdout, seconds: (performance.now() - start) / 1000 };
}

// Encodes batch by batch on one thread. Only the encoding is timed: not the checksum of the ids, nor freeing what the batch took.
async function encode(batches, encodeBatch, idsOf) {
  const hash = createHash('sha256');
  let seconds = 0;
  for (const batch of batches) {
    const start = performance.now();
    const encodings = await encodeBatch(batch);
    seconds += (performance.now() - start) / 1000;
    for (const encoding of encodings) hash.update(new Uint8Array(Uint32Array.from(idsOf(encoding)).buffer));
    global.gc();
  }
  return { seconds, checksum: hash.digest('hex') };
}

function batchesOf(documents) {
  return Array.from({ length: Math.ceil(documents.length / BATCH) }, (_, batch) => documents.slice(batch * BATCH, (batch + 1) * BATCH));
}

function huggingFace(file, cacheWords) {
  const tokenizer = tokenizers.Tokenizer.fromFile(file);
  if (!cacheWords) {
    const { vocab, merges } = JSON.parse(fs.readFileSync(file, 'utf8')).model;
    const pairs = merges.map((merge) => (Array.isArray(merge) ? merge : merge.split(' ')));
    tokenizer.setModel(tokenizers.BPE.init(vocab, pairs, { cacheCapacity: 0 }));
  }
  return (documents) => encode(
    batchesOf(documents).map((batch) => batch.flatMap((text) => text.split(/(?<=\n)/))),
    (lines) => tokenizer.encodeBatch(lines, { addSpecialTokens: false }),
    (encoding) => encoding.getIds());
}

function tiktoken() {
  const encoding = get_encoding('gpt2');
  return (documents) => encode(batchesOf(documents), (texts) => texts.map((text) => encoding.encode_ordinary(text)), (ids) => ids);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function compareEncoding(tokenizerFile, textFile, documents, rounds) {
  const mib = documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 2 ** 20;
  const peers = [
    { name: `${HUGGING_FACE}, no words cached`, encode: huggingFace(tokenizerFile, false), speeds: [] },
    { name: `${HUGGING_FACE}, words cached (its default)`, encode: huggingFace(tokenizerFile, true), speeds: [] },
    { name: TIKTOKEN, encode: tiktoken(), speeds: [] },
  ];
  // Coppice's command warms up by itself.
  for (const peer of peers) await peer.encode(documents.slice(0, Math.ceil(documents.length / 10)));
  const command = [...COPPICE, 'bench', 'tokenizer', tokenizerFile, textFile, '--json'];
  const ours = [];
  for (let round = 1; round <= rounds; round++) {
    console.error(`encoding: round ${round} of ${rounds}`);
    const result = JSON.parse(run(command).output);
    ours.push(result.encode_mib_per_second);
    for (const peer of peers) {
      const { seconds, checksum } = await peer.encode(documents);
      if (checksum !== result.ids_sha256) fail(`${peer.name}: its token ids are not those of Coppice`);
      peer.speeds.push(mib / seconds);
    }
  }
  const speed = median(ours);
  console.log(`Encoding ${mib.toFixed(1)} MiB with GPT-2's vocabulary on one thread; all give the same token ids.\n`);
  console.log('| | MiB/s | Coppice is faster by |\n| --- | ---: | ---: |');
  console.log(`| Coppice, no words cached | ${speed.toFixed(1)} | |`);
  for (const { name, speeds } of peers) console.log(`| ${name} | ${median(speeds).toFixed(1)} | ${(speed / median(speeds)).toFixed(1)} x |`);
  return command.join(' ');
}

const readModel = (file) => JSON.parse(fs.readFileSync(file, 'utf8')).model;
const readMerges = (file) => readModel(file).merges.map((merge) => (Array.isArray(merge) ? merge.join(' ') : merge));

function compareTraining(textFile, documents, rounds, folder) {
  const plain = path.join(folder, 'text.txt');
  fs.writeFileSync(plain, documents.map((text) => `${text}\n`).join(''));
  const theirFile = path.join(folder, 'theirs.json');
  const ourFile = path.join(folder, 'ours.json');
  const theirCommand = ['node', 'bench/compare_tokenizers/train_huggingface.mjs', plain, theirFile];
  const trainTheirs = () => run(theirCommand, { RAYON_NUM_THREADS: String(THREADS) }).seconds;
  trainTheirs();
  // Their vocabulary starts with the bytes of the text, ours with all 256 and <|endoftext|>: ours is larger for as many merges.
  const seenBytes = Object.keys(readModel(theirFile).vocab).filter((token) => token.length === 1).length;
  const size = VOCABULARY - seenBytes + 257;
  const ourCommand = [...COPPICE, 'tokenizer', 'train', textFile, '-o', ourFile, '--pattern', 'gpt2', '--vocabulary-size', String(size), '--min-frequency', '1', '--threads', String(THREADS), '--json'];
  run(ourCommand);
  const ours = [];
  const theirs = [];
  for (let round = 1; round <= rounds; round++) {
    console.error(`training: round ${round} of ${rounds}`);
    ours.push(run(ourCommand).seconds);
    theirs.push(trainTheirs());
  }
  const [ourMerges, theirMerges] = [readMerges(ourFile), readMerges(theirFile)];
  const different = theirMerges.findIndex((merge, index) => merge !== ourMerges[index]);
  if (different >= 0 || ourMerges.length !== theirMerges.length) {
    fail(`the merges differ (${ourMerges.length} and ${theirMerges.length}), the first at ${different}: '${ourMerges[different]}' and '${theirMerges[different]}'`);
  }
  console.log(`\nTraining a byte-level BPE of ${VOCABULARY.toLocaleString('en')} tokens on the same text with ${THREADS} threads, whole processes; both give the same ${theirMerges.length.toLocaleString('en')} merges.\n`);
  console.log('| | seconds | Coppice is faster by |\n| --- | ---: | ---: |');
  console.log(`| Coppice | ${median(ours).toFixed(2)} | |`);
  console.log(`| ${HUGGING_FACE} | ${median(theirs).toFixed(2)} | ${(median(theirs) / median(ours)).toFixed(1)} x |`);
  return [ourCommand.join(' '), `RAYON_NUM_THREADS=${THREADS} ${theirCommand.join(' ')}`];
}

function measureLongWord(tokenizerFile, rounds, folder) {
  const file = path.join(folder, 'a.txt');
  fs.writeFileSync(file, 'a'.repeat(1_000_000));
  const command = [...COPPICE, 'tokenizer', 'encode', tokenizerFile, '--file', file];
  const seconds = Array.from({ length: rounds }, () => run(command).seconds);
  console.log(`\nOne word of a million times "a", whole process: ${median(seconds).toFixed(2)} s.`);
  return command.join(' ');
}

const [tokenizerArgument, textArgument, roundsArgument = '3'] = process.argv.slice(2);
const rounds = Number(roundsArgument);
if (!textArgument || !Number.isInteger(rounds) || rounds < 1) fail('usage: compare.mjs TOKENIZER TEXT [ROUNDS]');
const documents = readDocuments(textArgument);
const tokenizerFile = path.relative(ROOT, path.resolve(tokenizerArgument));
const textFile = path.relative(ROOT, path.resolve(textArgument));
process.env.RAYON_NUM_THREADS = '1';
process.chdir(ROOT);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'compare_tokenizers-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

console.log('# Tokenizing, Coppice and others in turn\n');
console.log(`${os.cpus()[0].model.trim()}, ${os.availableParallelism()} cores; medians of ${rounds} round${rounds > 1 ? 's' : ''}.\n`);
const encodeCommand = await compareEncoding(tokenizerFile, textFile, documents, rounds);
const trainCommands = compareTraining(textFile, documents, rounds, folder);
const longWordCommand = measureLongWord(tokenizerFile, rounds, folder);
console.log('\nCommands, from the root of the repository:\n');
const script = ['bench/compare_tokenizers/compare.mjs', tokenizerFile, textFile, rounds].join(' ');
for (const command of [script, encodeCommand, ...trainCommands, longWordCommand]) console.log(`    ${command.replaceAll(folder, 'FOLDER')}`);
