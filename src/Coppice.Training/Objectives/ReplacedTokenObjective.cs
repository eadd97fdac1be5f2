using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>
/// ELECTRA's replaced-token detection: a generator learns to predict hidden tokens, a discriminator to tell, of every token, whether the generator put it
/// there: mean cross-entropy over hidden tokens + 50 · mean binary cross-entropy over all tokens. A token that the generator guessed right is the text's.
/// What the generator is drawn for carries no gradient, so that it learns nothing of the discriminator.
/// </summary>
/// <remarks>The mean over all tokens is that over hidden ones times rate: parts of a batch add up to the batch where each hides the same share.</remarks>
[Technique("replaced-token-detection", Title = "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", Paper = "arXiv:2003.10555")]
public sealed class ReplacedTokenObjective : IObjective
{
    private readonly TokenMasking _masking;
    private readonly float _detectionWeight;
    private readonly CountedRows _rows = new();
    private readonly BinaryCrossEntropy _crossEntropy = new();
    private int[] _tokens = [];
    private int[] _labels = [];
    private float[] _logits = [];

    /// <summary>An objective.</summary>
    /// <param name="masking">How tokens are hidden from the generator.</param>
    /// <param name="detectionWeight">What the discriminator's loss counts against the generator's.</param>
    public ReplacedTokenObjective(TokenMasking masking, double detectionWeight) => (_masking, _detectionWeight) = (masking, (float)detectionWeight);

    /// <inheritdoc/>
    public bool MeasuresText => false;

    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        scratch.CopyFrom(batch);
        _masking.Apply(scratch, seed, number);
        return scratch;
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var electra = (ElectraModel)model;
        var n = batch.Count;
        input.Set(tape, batch);
        _rows.Find(batch);
        var logits = electra.GeneratorLogits(tape, _rows.Gather(tape, electra.GeneratorHidden(tape, input)));
        Replace(batch, logits, tape.NextRandom());
        var generated = tape.CrossEntropy(logits, input.Targets(tape, _rows.Targets), tape.Constant(new Shape(_rows.Count), _rows.Weights), new CrossEntropyOptions(scale));

        input.Set(tape, _tokens.AsSpan(0, n), batch.Positions.AsSpan(0, n), batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1), training: tape.Recording);
        var detected = electra.Detect(tape, electra.Hidden(tape, input));
        return tape.Add(generated, _crossEntropy.Of(tape, detected, _labels.AsSpan(0, n), default, _detectionWeight * scale * _rows.Count / n));
    }

    /// <summary>Draws tokens for the hidden places from the generator's distribution, and notes which differ from the text's.</summary>
    private void Replace(PackedBatch batch, Tensor logits, Philox random)
    {
        if (_tokens.Length < batch.Count) (_tokens, _labels) = (new int[batch.Count], new int[batch.Count]);
        if (_logits.Length < logits.Columns) _logits = new float[logits.Columns];
        batch.Tokens.AsSpan(0, batch.Count).CopyTo(_tokens);
        _labels.AsSpan(0, batch.Count).Clear();
        var row = _logits.AsSpan(0, logits.Columns);
        for (var i = 0; i < _rows.Count; i++)
        {
            logits.CopyTo((long)i * row.Length, row);
            var place = _rows.Rows[i];
            _tokens[place] = Draw(row, random.UniformDouble((ulong)i));
            _labels[place] = _tokens[place] == _rows.Targets[i] ? 0 : 1;
        }
    }

    /// <summary>Draws from the softmax of logits, which are overwritten.</summary>
    private static int Draw(Span<float> logits, double uniform)
    {
        var largest = float.NegativeInfinity;
        foreach (var logit in logits) largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (ref var logit in logits)
        {
            logit = MathF.Exp(logit - largest);
            sum += logit;
        }

        var left = uniform * sum;
        for (var token = 0; token < logits.Length; token++)
        {
            left -= logits[token];
            if (left < 0) return token;
        }

        // Of logits that are no numbers: the loss says so.
        return logits.Length - 1;
    }
}
