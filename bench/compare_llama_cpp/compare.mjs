#!/usr/bin/env node
// A prompt in one pass and generation token by token: Coppice in turn with llama.cpp (node-llama-cpp), on the same weights and threads.
//
//     npm install --prefix artifacts/npm --omit=optional node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64@3.22.1     # once, as .ci/run does
//     dotnet build src/Coppice.Cli --configuration Release
//     bench/compare_llama_cpp/random_model.mjs MODEL                      # or any model directory
//     bench/compare_llama_cpp/compare.mjs MODEL [TYPES] [ROUNDS] [PROMPT]
//
// TYPES: f32,q8_0,q4_1,q4_0 or some of them. PROMPT: its tokens. Coppice reads the GGUF file that llama.cpp reads, and its blocks as they are.
// llama.cpp's figures contain what node-llama-cpp takes to ask for a token: about a tenth of a millisecond.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const COPPICE = ['dotnet', 'artifacts/bin/Coppice.Cli/release/coppice.dll'];
const QUANTIZE = { f32: 'none', q8_0: 'int8', q4_1: 'int4', q4_0: 'int4' };
const THREADS = os.availableParallelism();
const GENERATED = 32;
const PASSES = 5;

function fail(message) {
  console.error(message);
  process.exit(1);
}

function coppice(...commandLine) {
  const result = spawnSync(COPPICE[0], [...COPPICE.slice(1), ...commandLine], { cwd: ROOT, encoding: 'utf8' });
  if (result.status !== 0) fail(`coppice ${commandLine.join(' ')}: failed\n${result.stderr}`);
  return result.stdout;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function ours(file, type, prompt) {
  const result = JSON.parse(coppice('bench', 'generate', file, '--quantize', QUANTIZE[type], '--prompt-tokens', String(prompt), '--threads', String(THREADS), '--json'));
  return { parameters: result.parameters, prefill: result.prompt_tokens_per_second, decode: result.tokens_per_second };
}

async function theirs(llama, file, prompt) {
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: prompt + GENERATED + 1, batchSize: prompt, threads: THREADS });
  const sequence = context.getSequence();
  const [prefill, decode] = [[], []];
  const tokens = Array.from({ length: prompt }, (_, i) => i % 250);
  const lastLogits = [...tokens.slice(0, -1), [tokens.at(-1), { generateNext: { token: true } }]];
  for (let pass = 0; pass <= PASSES; pass++) {
    await sequence.clearHistory();
    let start = performance.now();
    await sequence.controlledEvaluate(lastLogits);
    if (pass > 0) prefill.push((performance.now() - start) / 1000);
    for (let i = 0; i < GENERATED; i++) {
      start = performance.now();
      await sequence.controlledEvaluate([[i % 250, { generateNext: { token: true } }]]);
      if (pass > 0) decode.push((performance.now() - start) / 1000);
    }
  }
  await model.dispose();
  return { prefill: prompt / median(prefill), decode: 1 / median(decode) };
}

const [model, typesArgument = 'f32,q8_0,q4_1', roundsArgument = '3', promptArgument = '256'] = process.argv.slice(2);
const types = typesArgument.split(',');
const [rounds, prompt] = [Number(roundsArgument), Number(promptArgument)];
if (!model || !types.every((type) => type in QUANTIZE) || !(rounds >= 1) || !(prompt >= 1)) fail('usage: compare.mjs MODEL [TYPES] [ROUNDS] [PROMPT]');
const modules = path.join(ROOT, 'artifacts', 'npm');
if (!fs.existsSync(path.join(modules, 'node_modules', 'node-llama-cpp'))) fail('node-llama-cpp is not installed: see the head of this file');
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(createRequire(path.join(modules, 'index.js')).resolve('node-llama-cpp')).href);
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.error, maxThreads: THREADS });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'compare_llama_cpp-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

console.log('# Generating, Coppice and llama.cpp in turn\n');
console.log(`${os.cpus()[0].model.trim()}, ${THREADS} threads; a prompt of ${prompt} tokens, then ${GENERATED} one by one; medians of ${rounds} round${rounds > 1 ? 's' : ''}, tokens a second.\n`);
console.log(`    bench/compare_llama_cpp/compare.mjs ${path.basename(model)} ${typesArgument} ${rounds} ${prompt}\n`);
console.log('| weights | parameters | | Coppice | llama.cpp | ratio |\n| --- | ---: | --- | ---: | ---: | ---: |');
for (const type of types) {
  const file = path.join(folder, `${type}.gguf`);
  coppice('export', path.resolve(model), '-o', file, '--type', type);
  const [mine, other] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    console.error(`${type}: round ${round} of ${rounds}`);
    mine.push(ours(file, type, prompt));
    other.push(await theirs(llama, file, prompt));
  }
  for (const part of ['prefill', 'decode']) {
    const [a, b] = [median(mine.map((run) => run[part])), median(other.map((run) => run[part]))];
    console.log(`| ${type} | ${mine[0].parameters} | ${part === 'prefill' ? 'prompt' : 'generation'} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${(a / b).toFixed(2)} |`);
  }
  fs.rmSync(file);
}
await llama.dispose();
