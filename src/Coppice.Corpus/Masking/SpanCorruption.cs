using System.Runtime.InteropServices;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// T5's span corruption: spans of a text are taken out, a sentinel is left in the place of each, and an encoder-decoder that reads the rest has to write them,
/// each behind its sentinel. Which ones is a function of seed and number, as with <see cref="TokenMasking"/>.
/// </summary>
/// <remarks>
/// Of n tokens, round(rate · n) are taken out, at least 1 and never all, in as many spans of the mean length as come nearest, at least 1 and at most as many as
/// there are sentinels. How the tokens that are taken out are divided into spans, and those that stay into the pieces between, is drawn evenly from all ways to do
/// so. A text begins with a piece that stays. Texts of one token are left out: nothing would be left to read. Not thread-safe.
/// </remarks>
[Technique("span-corruption", Title = "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", Paper = "arXiv:1910.10683")]
public sealed class SpanCorruption
{
    private const ulong Stream = 0x5350414E00000000;

    private readonly MaskVocabulary _vocabulary;
    private readonly SpanCorruptionOptions _options;
    private readonly int _start;
    private readonly int _end;
    private readonly List<int> _text = [];
    private readonly List<int> _kept = [];
    private readonly List<int> _hidden = [];
    private readonly List<int> _source = [];
    private readonly List<int> _input = [];
    private readonly List<int> _target = [];
    private readonly List<float> _weights = [];
    private readonly List<float> _zeros = [];
    private readonly PackedBatch _targets = new();
    private ulong _seed;
    private ulong _stream;
    private ulong _drawn;

    /// <summary>Prepares corruption.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="options">How.</param>
    /// <param name="startToken">What the decoder reads before its first token.</param>
    /// <exception cref="CoppiceException">An option is out of its range, or the vocabulary lacks sentinels or a token that ends a text (exit code 2).</exception>
    public SpanCorruption(MaskVocabulary vocabulary, SpanCorruptionOptions options, int startToken)
    {
        options.Check();
        if (vocabulary.Sentinels.Count == 0)
            throw CoppiceException.Usage("the tokenizer has no tokens that stand for hidden spans (<extra_id_0> and so on): let the run train a tokenizer, or name one that has them");
        _end = vocabulary.EndToken ?? throw CoppiceException.Usage("the tokenizer has no token that ends a text (</s>): let the run train a tokenizer, or name one that has it");
        (_vocabulary, _options, _start) = (vocabulary, options, startToken);
    }

    /// <summary>Makes pairs of the documents of a batch. Tokens that are none of the text are left out, and every source and target gets an end.</summary>
    /// <param name="batch">The batch; it stays as it is.</param>
    /// <param name="pairs">Takes the pairs; what it held is replaced. Its candidates are the tokens of the text.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="number">The number of the batch in the run.</param>
    public void Apply(PackedBatch batch, PackedBatch pairs, ulong seed, ulong number)
    {
        (_seed, _stream, _drawn) = (seed, CounterRandom.Mix(Stream + number), 0);
        pairs.Clear();
        _targets.Clear();
        var candidates = 0;
        for (var document = 0; document < batch.DocumentCount; document++)
        {
            var (start, end) = (batch.CumulativeLengths[document], batch.CumulativeLengths[document + 1]);
            _text.Clear();
            for (var i = start; i < end; i++)
            {
                if (!_vocabulary.IsSpecial(batch.Tokens[i])) _text.Add(batch.Tokens[i]);
            }

            if (_text.Count < 2) continue;
            Corrupt();
            candidates += _text.Count;
            while (_zeros.Count < _source.Count) _zeros.Add(0);
            var source = CollectionsMarshal.AsSpan(_source);
            pairs.Add(source, source, CollectionsMarshal.AsSpan(_zeros)[..source.Length], batch.Sources[start]);
            _targets.Add(CollectionsMarshal.AsSpan(_input), CollectionsMarshal.AsSpan(_target), CollectionsMarshal.AsSpan(_weights), batch.Sources[start]);
        }

        var count = pairs.DocumentCount;
        pairs.AddAll(_targets);
        pairs.Pair(count);
        pairs.Recount(candidates);
    }

    /// <summary>Divides the text into what is read and what is written.</summary>
    private void Corrupt()
    {
        var n = _text.Count;
        var hidden = (int)Math.Clamp(Math.Round(_options.Rate * n), 1, n - 1);
        var most = Math.Min(Math.Min(hidden, n - hidden), _vocabulary.Sentinels.Count);
        var spans = (int)Math.Clamp(Math.Round(hidden / _options.SpanLength), 1, most);
        Divide(n - hidden, spans, _kept);
        Divide(hidden, spans, _hidden);
        _source.Clear();
        _input.Clear();
        _target.Clear();
        _weights.Clear();
        var place = 0;
        var sentinelWeight = _options.CountsSentinels ? 1 : 0;
        for (var span = 0; span < spans; span++)
        {
            for (var i = 0; i < _kept[span]; i++) _source.Add(_text[place++]);
            _source.Add(_vocabulary.Sentinels[span]);
            Write(_vocabulary.Sentinels[span], sentinelWeight);
            for (var i = 0; i < _hidden[span]; i++) Write(_text[place++], 1);
        }

        _source.Add(_end);
        Write(_end, sentinelWeight);
    }

    /// <summary>A token that the decoder has to write, having read the one before it.</summary>
    private void Write(int token, float weight)
    {
        _input.Add(_target.Count == 0 ? _start : _target[^1]);
        _target.Add(token);
        _weights.Add(weight);
    }

    /// <summary>Divides a number into parts of at least 1: between any two ones there is a boundary or not, and every choice of boundaries is as likely.</summary>
    private void Divide(int total, int parts, List<int> lengths)
    {
        lengths.Clear();
        var (length, boundaries) = (1, parts - 1);
        for (var i = 1; i < total; i++, length++)
        {
            if (CounterRandom.Below(CounterRandom.Bits(_seed, _stream, _drawn++), total - i) >= boundaries) continue;
            lengths.Add(length);
            length = 0;
            boundaries--;
        }

        lengths.Add(length);
    }
}
