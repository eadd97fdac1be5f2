// Opens a model directory with transformers.js and prints one JSON object: the token numbers of each text, and what the encoder makes of them.
// The first argument is a folder whose node_modules has @huggingface/transformers; the request is a JSON object on stdin:
//   model     the model directory
//   texts     texts to tokenise
//   kind      the class of the model to run, such as AutoModelForMaskedLM, or null for none
//   gives     which of its outputs is wanted
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const request = JSON.parse(input);

const resolve = createRequire(path.join(process.argv[2], "index.js")).resolve;
const library = await import(pathToFileURL(resolve("@huggingface/transformers")).href);
library.env.allowRemoteModels = false;
library.env.localModelPath = path.dirname(request.model);
const name = path.basename(request.model);

const tokenizer = await library.AutoTokenizer.from_pretrained(name);
const encodings = request.texts.map(text => tokenizer.encode(text));
const outputs = [];
if (request.kind) {
    const model = await library[request.kind].from_pretrained(name, { dtype: "fp32", device: "cpu" });
    // All texts at once: the shorter ones are padded.
    const length = Math.max(...encodings.map(ids => ids.length));
    const rows = (value, filler) => encodings.flatMap(ids => [...ids.map(value), ...Array(length - ids.length).fill(filler)]).map(BigInt);
    const tensor = data => new library.Tensor("int64", BigInt64Array.from(data), [encodings.length, length]);
    const result = await model({ input_ids: tensor(rows(id => id, request.padding)), attention_mask: tensor(rows(() => 1, 0)), token_type_ids: tensor(rows(() => 0, 0)) });
    const output = result[request.gives];
    const width = output.data.length / (encodings.length * length);
    encodings.forEach((ids, text) => outputs.push(Array.from(output.data.slice(text * length * width, (text * length + ids.length) * width))));
}

process.stdout.write(JSON.stringify({ encodings, outputs }));
