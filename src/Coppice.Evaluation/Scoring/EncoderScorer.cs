using System.Runtime.InteropServices;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// What an encoder makes of many sequences, packed side by side: -log p of tokens that are hidden from it, of a detector's right answer to whether a token
/// was replaced at random, or of the spans that an encoder-decoder has to write. A share of each window's tokens is hidden, replaced or taken out; which ones
/// is a function of its tokens, so that two models with one
/// tokenizer are asked the same, in whatever order texts come.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class EncoderScorer : ISequenceScorer
{
    private const ulong Seed = 0;

    private readonly LanguageModel _model;
    private readonly ElectraModel? _detector;
    private readonly MaskVocabulary _vocabulary;
    private readonly int _batchTokens;
    private readonly Action<int, EncoderWindow> _report;
    private readonly TokenMasking? _masking;
    private readonly SpanCorruption? _spans;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly PackedBatch _window = new();
    private readonly PackedBatch _batch = new();
    private readonly PackedBatch _pair = new();
    private readonly PackedBatch _written = new();
    private readonly List<(int Item, int Counted, int Candidates)> _items = [];
    private readonly List<int> _rows = [];
    private readonly List<int> _targets = [];
    private float[] _ones = [];

    /// <summary>A scorer with an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="vocabulary">Its vocabulary.</param>
    /// <param name="batchTokens">A batch is run before it would have more tokens than this; a longer window is a batch of its own.</param>
    /// <param name="report">Receives the windows of sequences, in the order in which they were added.</param>
    /// <exception cref="CoppiceException">The vocabulary has no mask token, or for an encoder-decoder no sentinels.</exception>
    public EncoderScorer(LanguageModel model, MaskVocabulary vocabulary, int batchTokens, Action<int, EncoderWindow> report)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchTokens);
        (_model, _detector, _vocabulary, _batchTokens, _report) = (model, model as ElectraModel, vocabulary, batchTokens, report);
        if (model.Configuration is T5Configuration t5) _spans = new SpanCorruption(vocabulary, new SpanCorruptionOptions { CountsSentinels = false }, t5.DecoderStartToken);
        else _masking = new TokenMasking(vocabulary, _detector is null ? new MaskingOptions { MaskShare = 1, RandomShare = 0 } : new MaskingOptions { MaskShare = 0, RandomShare = 1 });
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <inheritdoc/>
    public void Add(int item, ReadOnlySpan<int> sequence)
    {
        var longest = _model.MaxTokens;
        for (var start = 0; start < sequence.Length; start += longest)
        {
            var tokens = sequence.Slice(start, Math.Min(longest, sequence.Length - start));
            if (_batch.Count > 0 && _batch.Count + tokens.Length > _batchTokens) Flush();
            AddWindow(item, tokens);
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (_items.Count == 0) return;
        var losses = new float[_rows.Count];
        try
        {
            if (_rows.Count > 0) Run(losses);
        }
        finally
        {
            _tape.Reset();
        }

        var row = 0;
        foreach (var (item, counted, candidates) in _items)
        {
            var nats = SequenceScorer.Sum(losses.AsSpan(row, counted));
            if (!double.IsFinite(nats)) throw PackedScorer.NotFinite();
            _report(item, new EncoderWindow(nats, counted, candidates));
            row += counted;
        }

        Clear();
    }

    /// <inheritdoc/>
    public void Clear()
    {
        _batch.Clear();
        _written.Clear();
        _items.Clear();
        _rows.Clear();
        _targets.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    private void AddWindow(int item, ReadOnlySpan<int> tokens)
    {
        if (_ones.Length < tokens.Length) Array.Resize(ref _ones, tokens.Length);
        _ones.AsSpan().Fill(1);
        _window.Clear();
        _window.Add(tokens, tokens, _ones.AsSpan(0, tokens.Length));
        if (_spans is not null)
        {
            AddPair(item, HashOf(tokens));
            return;
        }

        _masking!.Apply(_window, Seed, HashOf(tokens));
        var before = _rows.Count;
        for (var i = 0; i < tokens.Length; i++)
        {
            var counts = _detector is null ? _window.Weights[i] > 0 : !_vocabulary.IsSpecial(tokens[i]);
            if (!counts) continue;
            _rows.Add(_batch.Count + i);
            _targets.Add(_detector is null ? tokens[i] : _window.Weights[i] > 0 ? 1 : 0);
        }

        _items.Add((item, _rows.Count - before, _window.CandidateTokens));
        _batch.Add(_window.Tokens.AsSpan(0, tokens.Length), _window.Targets.AsSpan(0, tokens.Length), _window.Weights.AsSpan(0, tokens.Length));
    }

    /// <summary>What is read of the window and what is written for it; rows are counted among what is written.</summary>
    private void AddPair(int item, ulong number)
    {
        _spans!.Apply(_window, _pair, Seed, number);
        _items.Add((item, _pair.CountedTokens, _pair.CandidateTokens));
        if (_pair.Pairs == 0) return;
        var first = _pair.CumulativeLengths[1];
        for (var i = first; i < _pair.Count; i++)
        {
            if (!(_pair.Weights[i] > 0)) continue;
            _rows.Add(_written.Count + i - first);
            _targets.Add(_pair.Targets[i]);
        }

        _batch.Add(_pair, document: 0);
        _written.Add(_pair, document: 1);
    }

    private void Set()
    {
        var pairs = _spans is null ? 0 : _batch.DocumentCount;
        if (pairs > 0)
        {
            // What is written comes behind all that is read.
            foreach (ref var row in CollectionsMarshal.AsSpan(_rows)) row += _batch.Count;
            _batch.AddAll(_written);
        }

        var tokens = _batch.Tokens.AsSpan(0, _batch.Count);
        var positions = _batch.Positions.AsSpan(0, _batch.Count);
        var lengths = _batch.CumulativeLengths.AsSpan(0, _batch.DocumentCount + 1);
        if (pairs > 0) _input.SetPairs(_tape, tokens, positions, lengths, pairs, training: false);
        else _input.Set(_tape, tokens, positions, lengths, training: false);
    }

    private void Run(float[] losses)
    {
        Set();
        var hidden = _tape.Embedding(_tape.Integers([.. _rows]), _model.Hidden(_tape, _input));
        if (_detector is not null)
        {
            _detector.Detect(_tape, hidden).CopyTo(losses);
            // -log of a logistic function, without overflow: log(1 + e^-x) = max(-x, 0) + log(1 + e^-|x|).
            for (var i = 0; i < losses.Length; i++)
            {
                double x = _targets[i] == 1 ? losses[i] : -losses[i];
                losses[i] = (float)(Math.Max(-x, 0) + double.LogP1(Math.Exp(-Math.Abs(x))));
            }

            return;
        }

        var shape = new Shape(losses.Length);
        var received = _tape.Constant(shape, losses);
        if (_ones.Length < losses.Length) Array.Resize(ref _ones, losses.Length);
        _ones.AsSpan().Fill(1);
        var weights = _tape.Constant(shape, _ones.AsSpan(0, losses.Length));
        _model.CrossEntropy(_tape, hidden, _input.Targets(_tape, [.. _targets]), weights, new CrossEntropyOptions(Scale: 1), received);
        received.CopyTo(losses);
    }

    /// <summary>FNV-1a.</summary>
    private static ulong HashOf(ReadOnlySpan<int> tokens)
    {
        var hash = 14695981039346656037UL;
        foreach (var token in tokens) hash = (hash ^ (uint)token) * 1099511628211UL;
        return hash;
    }
}

/// <summary>What an encoder makes of a window.</summary>
/// <param name="Nats">-log p of all answers together.</param>
/// <param name="Counted">How many there are.</param>
/// <param name="Candidates">Of how many tokens they are a sample.</param>
internal readonly record struct EncoderWindow(double Nats, int Counted, int Candidates);
