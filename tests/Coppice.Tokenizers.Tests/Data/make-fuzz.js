// Writes what the reference (the npm package `tokenizers`) makes of the fuzz strings: npm install tokenizers, then
//   node make-fuzz.js ORACLES/tokenizers fuzz-reference.bin
// For each tokenizer and string: two bytes of a checksum of the ids, two of the offsets.
const { Tokenizer } = require('tokenizers');
const { fuzzString } = require('./fuzz-strings.js');
const fs = require('fs');
const [folder, output] = process.argv.slice(2);
const count = 10000;

function checksum(numbers) {
  let hash = 0x811c9dc5;
  for (const number of numbers) hash = Math.imul(hash ^ number, 0x01000193) >>> 0;
  return (hash ^ (hash >>> 16)) & 0xffff;
}

(async () => {
  const bytes = Buffer.alloc(3 * count * 4);
  let at = 0;
  for (const name of ['gpt2', 'wordpiece_shakespeare', 'unigram_shakespeare']) {
    const tokenizer = Tokenizer.fromFile(`${folder}/${name}/tokenizer.json`);
    for (let i = 0; i < count; i++) {
      const encoding = await tokenizer.encode(fuzzString(i), null, { addSpecialTokens: true });
      at = bytes.writeUInt16LE(checksum(encoding.getIds()), at);
      at = bytes.writeUInt16LE(checksum(encoding.getOffsets().flat()), at);
    }
  }
  fs.writeFileSync(output, bytes);
})();
