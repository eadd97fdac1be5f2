// Random strings of all planes of Unicode; FuzzStrings.cs makes the same ones.
const words = ['the', 'And', 'king', "'s", "'ll", 'Romeo', 'thou', 'shalt', 'not', '12', '345', 'noble', 'naïve', 'café', 'ÉCOLE', 'Straße', 'İstanbul',
  'ﬁne', '日本', '한국어', '각', 'がぎ', 'ﾊﾟ', '①②', '½', 'Ⅷ', '<unk>', '[MASK]', '[UNK]', '##', '▁', '👩‍👧', '🙂', '𝔘𝟙', '\r\n', '…', '“', '”', '—'];
const whites = [9, 10, 11, 12, 13, 0, 1, 0x1f, 0x7f, 0x85, 0xa0, 0xad, 0x200b, 0x200c, 0x200d, 0x2028, 0x3000, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x180e];

function fuzzString(index) {
  let state = (Math.imul(index + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  const next = n => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state % n;
  };
  const scalar = (first, count) => {
    const value = first + next(count);
    return String.fromCodePoint(value >= 0xd800 && value < 0xe000 ? value - 0x800 : value);
  };
  let text = '';
  for (let parts = 1 + next(30); parts > 0; parts--) {
    switch (next(12)) {
      case 0: case 1: text += scalar(0, 0x110000); break;
      case 2: text += scalar(0, 0x3000); break;
      case 3: text += scalar(0xa0, 0x560); break;
      case 4: case 5: text += scalar(0x20, 0x5f); break;
      case 6: text += ' '.repeat(1 + next(3)); break;
      case 7: case 8: text += words[next(words.length)]; break;
      case 9: text += scalar(0x300, 0x70); break;
      case 10: text += String.fromCodePoint(whites[next(whites.length)]); break;
      default: text += scalar(0x10000, 0x20000); break;
    }
  }
  return text;
}

module.exports = { fuzzString };
