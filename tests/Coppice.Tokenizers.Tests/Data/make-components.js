// Writes what the reference (the npm package `tokenizers`) makes of small tokenizers, each with components of its own: npm install tokenizers, then
//   node make-components.js component-reference.json CHARSMAP
// where CHARSMAP is the normalizer_spec.precompiled_charsmap of sentencepiece-unigram.model.
const { Tokenizer } = require('tokenizers');
const fs = require('fs');

const special = (id, content, more) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...more });
const vocabulary = list => Object.fromEntries(list.map((token, id) => [token, id]));
const letters = [...'abcdefghijklmnopqrstuvwxyz', ...'ABCDEHINORSTW', ...'0123456789', ...'.,;:!?\'"-_()<>[]|/▁ \n', ...'éèüßñçøåœıſ', ...'日本語中文字', ...'Привет', ...'ﬁ①'];
const wordPieces = vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...letters, ...letters.map(l => '##' + l), 'the', 'quick', '##ing', 'fox', 'jump', '##s', 'caf', 'hello', 'world', 'un', '##aff', '##able', '##ord', 'na', '##ive', '١', '한', '국']);
const wordPiece = (more = {}) => ({ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: wordPieces, ...more });
const bertTokens = [special(0, '[PAD]'), special(1, '[UNK]'), special(2, '[CLS]'), special(3, '[SEP]'), special(4, '[MASK]', { lstrip: true })];
const scores = [['<unk>', 0.0], ['<s>', 0.0], ['</s>', 0.0], ['▁', -2.1], ['▁the', -3.5], ['▁qu', -5.25], ['ick', -5.5], ['s', -3.0], ['ing', -4.5], ['▁a', -3.75], ['a', -4.25], ['e', -4.0], ['t', -4.125],
  ['h', -5.0], ['o', -4.5], ['l', -4.625], ['ll', -5.5], ['hell', -7.5], ['▁hello', -8.5], ['he', -5.0], ['llo', -6.5], ['w', -5.5], ['r', -4.75], ['d', -4.875], ['or', -5.25], ['ld', -6.0], ['▁wor', -7.0],
  ['n', -4.375], ['i', -4.25], ['é', -8.0], ['日', -9.0], ['日本', -9.5], ['.', -3.25], [',', -3.5], ['\n', -4.0], ['1', -6.0], ['12', -6.75], ['ﬁ', -9.0], ['f', -6.0], ['▁▁', -6.0], ['aa', -7.0], ['aaa', -9.0], ['qz', -9.0]];
const bytes = [...Array(256).keys()].map(b => [`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`, -12.0]);
const unigram = (more = {}) => ({ type: 'Unigram', unk_id: 0, vocab: scores, byte_fallback: false, ...more });
const wordLevel = (list, more = {}) => ({ type: 'WordLevel', vocab: vocabulary(['[UNK]', ...list]), unk_token: '[UNK]', ...more });
const words = wordLevel(['the', 'quick', 'The', 'Quick', 'fox', 'hello', 'Hello', 'world', 'cafe', 'café', 'naive', '.', ',', '!', '?', '-', "'", '1', '2', '12', '345', ' ', ' the', 'the ', '日', '本', '日本', '\n', 'ss', 'Ġthe', 'Ġ', 'Ã©', 'don', 't', "don't", 'don-', '-t', '--', 'HELLO', '...']);
const metaspace = (prepend_scheme = 'always', split = true) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split });
const sequence = (kind, ...parts) => ({ type: 'Sequence', [kind]: parts });
const make = (parts) => ({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...parts });
const bert = (options = {}) => ({ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true, ...options });
const template = { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '[SEP]', type_id: 0 } }], pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] } } };
const clip = { type: 'BPE', dropout: null, unk_token: '<|end|>', continuing_subword_prefix: '', end_of_word_suffix: '</w>', fuse_unk: false,
  vocab: vocabulary([...'abcdehlorqtuwx', ...[...'abcdehlorqtuwx'].map(l => l + '</w>'), 'he', 'll', 'llo</w>', 'hello</w>', 'th', 'the</w>', 'Ã', '©', '©</w>', 'Ã©</w>', '<|end|>']),
  merges: [['h', 'e'], ['l', 'l'], ['ll', 'o</w>'], ['he', 'llo</w>'], ['t', 'h'], ['th', 'e</w>'], ['Ã', '©</w>']] };
const prefixed = { type: 'BPE', dropout: null, unk_token: '[UNK]', continuing_subword_prefix: '##', end_of_word_suffix: null, fuse_unk: true,
  vocab: vocabulary(['[UNK]', 'a', 'b', '##a', '##b', '##c', 'ab', '##bc', 'abc', 'aa']), merges: ['a ##b', '##b ##c', 'a ##bc', 'a ##a'] };

const tokenizers = {
  bert: make({ model: wordPiece(), normalizer: bert(), pre_tokenizer: { type: 'BertPreTokenizer' }, post_processor: template, decoder: { type: 'WordPiece', prefix: '##', cleanup: true }, added_tokens: bertTokens }),
  bert_cased: make({ model: wordPiece(), normalizer: bert({ lowercase: false, strip_accents: false }), pre_tokenizer: { type: 'BertPreTokenizer' }, post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] }, decoder: { type: 'WordPiece', prefix: '##', cleanup: false }, added_tokens: bertTokens }),
  bert_accents: make({ model: wordPiece({ max_input_chars_per_word: 6 }), normalizer: bert({ clean_text: false, strip_accents: true, lowercase: false, handle_chinese_chars: false }), pre_tokenizer: { type: 'Whitespace' }, added_tokens: bertTokens }),
  lowercase_strip: make({ model: words, normalizer: sequence('normalizers', { type: 'NFD' }, { type: 'StripAccents' }, { type: 'Lowercase' }, { type: 'Strip', strip_left: true, strip_right: true }), pre_tokenizer: { type: 'Whitespace' } }),
  strip_left: make({ model: words, normalizer: { type: 'Strip', strip_left: true, strip_right: false }, pre_tokenizer: null }),
  nmt: make({ model: words, normalizer: { type: 'Nmt' }, pre_tokenizer: { type: 'WhitespaceSplit' } }),
  whitespace_split: make({ model: words, pre_tokenizer: { type: 'WhitespaceSplit' } }),
  digits: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'WhitespaceSplit' }, { type: 'Digits', individual_digits: false }, { type: 'Punctuation', behavior: 'Isolated' }) }),
  single_digits: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'Digits', individual_digits: true }, { type: 'CharDelimiterSplit', delimiter: ' ' }) }),
  punctuation_previous: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'WhitespaceSplit' }, { type: 'Punctuation', behavior: 'MergedWithPrevious' }) }),
  punctuation_next: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'WhitespaceSplit' }, { type: 'Punctuation', behavior: 'MergedWithNext' }) }),
  punctuation_contiguous: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'Punctuation', behavior: 'Contiguous' }, { type: 'WhitespaceSplit' }) }),
  punctuation_removed: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'Punctuation', behavior: 'Removed' }, { type: 'Whitespace' }) }),
  scripts: make({ model: words, pre_tokenizer: { type: 'UnicodeScripts' } }),
  fixed_length: make({ model: words, pre_tokenizer: { type: 'FixedLength', length: 3 } }),
  byte_level_words: make({ model: words, pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }, post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }, decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true } }),
  byte_level_first: make({ model: words, pre_tokenizer: sequence('pretokenizers', { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }, { type: 'Digits', individual_digits: true }) }),
  byte_level_normalizer: make({ model: words, normalizer: { type: 'ByteLevel' }, pre_tokenizer: null }),
  unigram: make({ model: unigram(), pre_tokenizer: metaspace(), decoder: metaspace(), added_tokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
    post_processor: { type: 'RobertaProcessing', sep: ['</s>', 2], cls: ['<s>', 1], trim_offsets: true, add_prefix_space: false } }),
  unigram_unknown_in_text: make({ model: unigram(), pre_tokenizer: metaspace('never'), decoder: metaspace('never') }),
  unigram_first: make({ model: unigram(), normalizer: { type: 'NFKC' }, pre_tokenizer: metaspace('first', false), decoder: metaspace('first', false), added_tokens: [special(1, '<s>'), special(2, '</s>', { rstrip: true }), special(43, '<x>', { special: false, normalized: true, single_word: true })] }),
  unigram_words: make({ model: unigram(), normalizer: { type: 'NFC' }, pre_tokenizer: sequence('pretokenizers', { type: 'WhitespaceSplit' }, metaspace()), decoder: metaspace() }),
  unigram_bytes: make({ model: unigram({ vocab: [...scores, ...bytes], byte_fallback: true }), normalizer: sequence('normalizers', { type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }),
    decoder: sequence('decoders', { type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }) }),
  clip: make({ model: clip, normalizer: sequence('normalizers', { type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }),
    pre_tokenizer: sequence('pretokenizers', { type: 'Split', pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" }, behavior: 'Removed', invert: true }, { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }),
    decoder: { type: 'BPEDecoder', suffix: '</w>' } }),
  prefixed_bpe: make({ model: prefixed, pre_tokenizer: { type: 'WhitespaceSplit' }, decoder: { type: 'WordPiece', prefix: '##', cleanup: true } }),
  ctc: make({ model: wordLevel(['<pad>', '|', 'h', 'e', 'l', 'o', 't', "'", 's', 'n', '.']), pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false }, decoder: { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: true } }),
};

// The table of replacements of a SentencePiece model.
const charsmap = fs.readFileSync(process.argv[3]).toString('base64');
tokenizers.precompiled = make({ model: unigram(), normalizer: { type: 'Precompiled', precompiled_charsmap: charsmap }, pre_tokenizer: metaspace(), decoder: metaspace() });

const texts = ['Hello world', '  the quick   fox ', "Don't stop. isn't, he'll!", 'Café NAÏVE Ünïcödé ÉCOLE', 'e\u0301\u0323 a\u0323\u0301 ﬁne ① Å', '日本語 中文字 한국어', 'Привет, мир!', '12 345a6 ١٢ ½Ⅷ',
  'tabs\tand\nnew\r\nlines\u000b\u0085\u2028x', '\u0000\u0001\u00ad\ufeff zero\u200dwidth\ufffd', '🙂👩\u200d👧 𝔘𝟙 𠀀', '[MASK]the [CLS] x[SEP]', 'a [MASK] b [MASK]', '<s>the</s>  quick <x> a<x>b <unk>é</s>the', '...!!??---___', '', ' ', '   ', 'ẞ ß İ ı ſ K Σ', 'the-the--don-t -',
  'hello▁world ▁a▁▁', 'qz qzq zq x', 'aaaaaaa aaaa', 'abc aab abab c bb', 'x\u0300\u0301y \u0301z', 'ஙா กำ นั่น', '##a', 'the THE thé'];

(async () => {
  const result = [];
  for (const [name, tokenizer] of Object.entries(tokenizers)) {
    const reference = Tokenizer.fromString(JSON.stringify(tokenizer));
    const encodings = [];
    for (const text of texts) {
      let encoding;
      try { encoding = await reference.encode(text, null, { addSpecialTokens: true }); } catch (error) { console.error(name, JSON.stringify(text), error.message); continue; }
      encodings.push({ text, ids: encoding.getIds(), tokens: encoding.getTokens(), offsets: encoding.getOffsets(), decoded: await reference.decode(encoding.getIds(), true) });
    }
    result.push({ name, tokenizer, encodings });
  }
  fs.writeFileSync(process.argv[2], '[\n' + result.map(r => JSON.stringify(r)).join(',\n') + '\n]\n');
})();
