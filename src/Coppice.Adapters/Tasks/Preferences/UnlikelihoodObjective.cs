using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>
/// The next token, and not those that were there before: see <see cref="Unlikelihood"/>. Batches are those of any text. All logits of a batch exist at once, and are looked
/// at one by one: for small batches and vocabularies.
/// </summary>
/// <param name="weight">What a token that was there before counts; 0 for plain language modelling.</param>
public sealed class UnlikelihoodObjective(double weight = 1) : IObjective
{
    private readonly CountedRows _rows = new();

    /// <summary>What validation measures: the next token alone, so that it can be compared with other models.</summary>
    public IObjective Validation { get; } = new CausalObjective();

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        input.Set(tape, batch);
        _rows.Find(batch);
        var logits = model.Logits(tape, _rows.Gather(tape, model.Hidden(tape, input)));
        var (values, classes) = (logits.ToArray(), logits.Columns);
        var gradient = new float[values.Length];
        var (loss, document) = (0.0, 0);
        for (var i = 0; i < _rows.Count; i++)
        {
            var (row, factor) = (_rows.Rows[i], (double)_rows.Weights[i] * scale);
            while (batch.CumulativeLengths[document + 1] <= row) document++;
            var slopes = gradient.AsSpan(i * classes, classes);
            var candidates = Unlikelihood.Candidates(batch.Tokens.AsSpan(batch.CumulativeLengths[document]..(row + 1)), _rows.Targets[i]);
            loss += factor * Unlikelihood.Loss(values.AsSpan(i * classes, classes), _rows.Targets[i], candidates, weight, slopes);
            foreach (ref var slope in slopes) slope = (float)(slope * factor);
        }

        // Σ logits · gradient has the gradient of the loss; the constant gives it the loss's value.
        var product = tape.Sum(tape.Multiply(logits, tape.Constant(logits.Shape, gradient)));
        return tape.Add(product, tape.Constant(new Shape(1), [(float)(loss - product.Item)]));
    }
}
