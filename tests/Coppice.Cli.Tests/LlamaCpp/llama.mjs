// Runs a GGUF file with llama.cpp (node-llama-cpp) and prints one JSON object. The argument is a folder whose node_modules has it. The request is a JSON object on stdin:
//   model     the GGUF file
//   prompt    token numbers to continue, and `count`, how many to add, the most probable each time
//   sequences lists of token numbers; of each, the nats of every token after the first
//   texts     texts to tokenise, special tokens in them as plain text
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const request = JSON.parse(input);

const resolve = createRequire(path.join(process.argv[2], "index.js")).resolve;
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolve("node-llama-cpp")).href);
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error, maxThreads: 1 });
const model = await llama.loadModel({ modelPath: request.model, gpuLayers: 0, useMmap: false });
const longest = Math.max(request.prompt.length + request.count, ...request.sequences.map(sequence => sequence.length));
const context = await model.createContext({
    contextSize: Math.min(model.trainContextSize, longest + 1),
    // Keys and values as exact as ours.
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
    flashAttention: false,
    // Threads that wait for each other in a loop are slow on a machine with other work.
    threads: 1,
});
const sequence = context.getSequence();

function best(logits) {
    let [token, value] = [-1, -Infinity];
    for (const [candidate, logit] of logits) {
        if (logit > value || (logit === value && candidate < token)) [token, value] = [candidate, logit];
    }
    return token;
}

// -log softmax of one token, in double precision.
function nats(logits, token) {
    let largest = -Infinity;
    for (const logit of logits.values()) largest = Math.max(largest, logit);
    let sum = 0;
    for (const logit of logits.values()) sum += Math.exp(logit - largest);
    return largest + Math.log(sum) - logits.get(token);
}

async function logitsAfterEach(tokens) {
    const results = await sequence.controlledEvaluate(tokens.map(token => [token, { generateNext: { logits: true } }]));
    return results.map(result => result.next.logits);
}

const greedy = [];
let next = request.prompt;
while (greedy.length < request.count) {
    const logits = await logitsAfterEach(next);
    greedy.push(best(logits.at(-1)));
    next = [greedy.at(-1)];
}

const losses = [];
for (const tokens of request.sequences) {
    await sequence.clearHistory();
    const logits = await logitsAfterEach(tokens.slice(0, -1));
    losses.push(logits.map((after, i) => nats(after, tokens[i + 1])));
}

const encodings = request.texts.map(text => [...model.tokenize(text, false)]);
process.stdout.write(JSON.stringify({ greedy, losses, encodings, begins: model.tokens.bos, ends: model.tokens.eos, prepends: model.tokens.shouldPrependBosToken }) + "\n");
await llama.dispose();
