using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// Hides some tokens of a packed batch, which an encoder then has to tell: the chosen ones become targets of weight 1, all others of weight 0. What is
/// chosen is a function of seed and number, so that each pass over a text hides other tokens ("dynamic masking") and a resumed run the same ones.
/// </summary>
/// <remarks>
/// The number of chosen tokens is exact: the rate times the tokens of the batch that are text, rounded, at least 1. Words that would exceed it are passed
/// over, spans are cut there. Not thread-safe.
/// </remarks>
[Technique("masked-language-modelling", Title = "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", Paper = "arXiv:1810.04805")]
[Technique("dynamic-masking", Title = "RoBERTa: A Robustly Optimized BERT Pretraining Approach", Paper = "arXiv:1907.11692")]
[Technique("whole-word-masking", Title = "Pre-Training with Whole Word Masking for Chinese BERT", Paper = "arXiv:1906.08101")]
[Technique("spanbert", Title = "SpanBERT: Improving Pre-training by Representing and Predicting Spans", Paper = "arXiv:1907.10529")]
public sealed class TokenMasking
{
    private const ulong Stream = 0x4D41534B00000000;
    private const int LongestSpan = 10;
    private const double SpanEnd = 0.2;

    // By then next to every word was drawn, however high the rate.
    private const int MostDrawsPerWord = 64;

    private readonly MaskVocabulary _vocabulary;
    private readonly MaskingOptions _options;
    private readonly int _maskToken;
    private int[] _words = [];
    private int[] _wordEnds = [];
    private int _wordCount;
    private ulong _seed;
    private ulong _stream;
    private ulong _drawn;

    /// <summary>Prepares hiding.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="options">How.</param>
    /// <exception cref="CoppiceException">An option is out of its range, or the vocabulary has no mask token and one is needed (exit code 2).</exception>
    public TokenMasking(MaskVocabulary vocabulary, MaskingOptions options)
    {
        options.Check();
        if (options.MaskShare > 0 && vocabulary.MaskToken is null)
            throw CoppiceException.Usage("the tokenizer has no token that stands for a hidden one ([MASK] or <mask>): let the run train a tokenizer, or name one that has it");
        (_vocabulary, _options, _maskToken) = (vocabulary, options, vocabulary.MaskToken ?? -1);
    }

    /// <summary>Hides tokens of a batch: its tokens, targets and weights are overwritten.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="number">The number of the batch in the run.</param>
    public void Apply(PackedBatch batch, ulong seed, ulong number)
    {
        (_seed, _stream, _drawn) = (seed, CounterRandom.Mix(Stream + number), 0);
        var candidates = FindWords(batch);
        batch.Tokens.AsSpan(0, batch.Count).CopyTo(batch.Targets);
        batch.Weights.AsSpan(0, batch.Count).Clear();
        if (candidates > 0)
        {
            var budget = (int)Math.Clamp(Math.Round(_options.Rate * candidates), 1, candidates);
            if (_options.Unit == MaskUnit.Spans) HideSpans(batch, budget);
            else HideWords(batch, budget);
        }

        batch.Recount(candidates);
    }

    /// <summary>Finds the words of a batch (where single tokens are chosen, each is one), and counts their tokens.</summary>
    private int FindWords(PackedBatch batch)
    {
        if (_words.Length < batch.Count) (_words, _wordEnds) = (new int[batch.Count], new int[batch.Count]);
        _wordCount = 0;
        var candidates = 0;
        for (var document = 0; document < batch.DocumentCount; document++)
        {
            var start = batch.CumulativeLengths[document];
            for (var i = start; i < batch.CumulativeLengths[document + 1]; i++)
            {
                var token = batch.Tokens[i];
                if (_vocabulary.IsSpecial(token)) continue;
                candidates++;
                if (_options.Unit != MaskUnit.Tokens && i > start && _vocabulary.ContinuesWord(batch.Tokens[i - 1], token)) _wordEnds[_wordCount - 1] = i + 1;
                else (_words[_wordCount], _wordEnds[_wordCount++]) = (i, i + 1);
            }
        }

        return candidates;
    }

    /// <summary>Takes words in a random order for as long as they fit.</summary>
    private void HideWords(PackedBatch batch, int budget)
    {
        var left = budget;
        for (var next = 0; next < _wordCount && left > 0; next++)
        {
            var other = next + (int)CounterRandom.Below(Bits(), _wordCount - next);
            (_words[next], _words[other]) = (_words[other], _words[next]);
            (_wordEnds[next], _wordEnds[other]) = (_wordEnds[other], _wordEnds[next]);
            var length = _wordEnds[next] - _words[next];
            // Of words that are all longer than the budget one is hidden: else nothing would be learned.
            if (length > left && (left < budget || next < _wordCount - 1)) continue;
            for (var i = _words[next]; i < _wordEnds[next]; i++) Hide(batch, i, CounterRandom.Unit(Bits()));
            left -= length;
        }
    }

    /// <summary>Draws runs of words until so many tokens are hidden. A run has one fate: masked, random or unchanged.</summary>
    private void HideSpans(PackedBatch batch, int budget)
    {
        var left = budget;
        for (var draws = 0L; left > 0 && draws < (long)MostDrawsPerWord * _wordCount; draws++)
        {
            var word = (int)CounterRandom.Below(Bits(), _wordCount);
            var (length, fate) = (SpanLength(CounterRandom.Unit(Bits())), CounterRandom.Unit(Bits()));
            for (var last = word + length; word < last && word < _wordCount && left > 0; word++)
            {
                var before = word - 1;
                // A run ends where a document or its text does, and at what is hidden already.
                if (batch.Weights[_words[word]] > 0 || (word > last - length && _wordEnds[before] != _words[word]) || (word > last - length && batch.Positions[_words[word]] == 0)) break;
                for (var i = _words[word]; i < _wordEnds[word] && left > 0; i++, left--) Hide(batch, i, fate);
            }
        }
    }

    private void Hide(PackedBatch batch, int place, double fate)
    {
        batch.Weights[place] = 1;
        if (fate < _options.MaskShare) batch.Tokens[place] = _maskToken;
        else if (fate < _options.MaskShare + _options.RandomShare) batch.Tokens[place] = _vocabulary.Draw(Bits(), not: batch.Targets[place]);
    }

    /// <summary>Words of a span: geometric with a chance of 0.2 to end after each, among 1 to 10.</summary>
    private static int SpanLength(double uniform)
    {
        var all = 1 - Math.Pow(1 - SpanEnd, LongestSpan);
        return Math.Clamp((int)Math.Ceiling(Math.Log(1 - uniform * all) / Math.Log(1 - SpanEnd)), 1, LongestSpan);
    }

    private ulong Bits() => CounterRandom.Bits(_seed, _stream, _drawn++);
}
