using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Hides some tokens of a text and lets an encoder write what it finds likely there: other words that fit. To be used while no adapter is on.</summary>
/// <remarks>Not thread-safe.</remarks>
[Technique("masked-replacement", Title = "Conditional BERT Contextual Augmentation", Paper = "arXiv:1812.06705")]
public sealed class MaskedReplacement : ITextAugmentation, IDisposable
{
    // Apart from the numbers by which tokens are hidden.
    private const ulong DrawStream = 0x4452415700000000;

    private readonly LanguageModel _model;
    private readonly MaskVocabulary _vocabulary;
    private readonly int _vocabularySize;
    private readonly TokenMasking _masking;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly CountedRows _rows = new();
    private readonly PackedBatch _batch = new();

    /// <summary>A way of replacing.</summary>
    /// <param name="model">An encoder that was trained to tell hidden tokens; it must outlive this.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="share">The share of tokens that are hidden.</param>
    /// <exception cref="CoppiceException">The model is a decoder, the tokenizer has no mask, or the share is out of its range (exit code 2).</exception>
    public MaskedReplacement(LanguageModel model, Tokenizer tokenizer, double share = 0.15)
    {
        if (model.Configuration.IsCausal)
            throw CoppiceException.Usage($"masked replacement needs an encoder that tells hidden tokens, and this is a decoder ({model.Configuration.ModelType}): leave tokens out instead (drop)");
        (_model, _vocabulary, _vocabularySize) = (model, MaskVocabulary.Of(tokenizer), tokenizer.VocabularySize);
        _masking = new TokenMasking(_vocabulary, new MaskingOptions { Rate = share, MaskShare = 1, RandomShare = 0 });
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <inheritdoc/>
    public int[] Apply(ReadOnlySpan<int> tokens, ulong seed, ulong number)
    {
        _batch.Clear();
        _batch.Add(tokens, tokens, new float[tokens.Length]);
        _masking.Apply(_batch, seed, number);
        var (replaced, random) = (tokens.ToArray(), new Philox(seed, DrawStream + number));
        _rows.Find(_batch);
        if (_rows.Count == 0) return replaced;
        try
        {
            _input.Set(_tape, _batch);
            var logits = _model.Logits(_tape, _rows.Gather(_tape, _model.Hidden(_tape, _input)));
            var (values, classes) = (logits.ToArray(), logits.Columns);
            for (var i = 0; i < _rows.Count; i++) replaced[_rows.Rows[i]] = Draw(values.AsSpan(i * classes, classes), random.UniformDouble((ulong)i), replaced[_rows.Rows[i]]);
            return replaced;
        }
        finally
        {
            _tape.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    /// <summary>A token of text by its probability.</summary>
    private int Draw(ReadOnlySpan<float> logits, double uniform, int before)
    {
        var (largest, sum) = (float.NegativeInfinity, 0.0);
        for (var token = 0; token < logits.Length; token++)
        {
            if (IsText(token)) largest = Math.Max(largest, logits[token]);
        }

        for (var token = 0; token < logits.Length; token++)
        {
            if (IsText(token)) sum += Math.Exp(logits[token] - largest);
        }

        var left = uniform * sum;
        for (var token = 0; token < logits.Length; token++)
        {
            if (!IsText(token)) continue;
            left -= Math.Exp(logits[token] - largest);
            if (left < 0) return token;
        }

        return before;
    }

    // A model may have rows for tokens that the tokenizer lacks: sizes are rounded up.
    private bool IsText(int token) => token < _vocabularySize && !_vocabulary.IsSpecial(token);
}
