using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>
/// Span corruption: the mean negative log-likelihood of what an encoder-decoder has to write for the spans that <see cref="SpanCorruption"/> took out of a text. Which
/// tokens count differs between training, where the sentinels do, and validation, which measures text.
/// </summary>
public sealed class SpanCorruptionObjective : IObjective
{
    private readonly SpanCorruption _corruption;
    private readonly CountedRows _rows = new();

    /// <summary>An objective.</summary>
    /// <param name="corruption">How texts are corrupted.</param>
    /// <param name="validation">What validation measures; null for the same.</param>
    public SpanCorruptionObjective(SpanCorruption corruption, IObjective? validation = null)
    {
        _corruption = corruption;
        Validation = validation ?? this;
    }

    /// <inheritdoc/>
    public IObjective Validation { get; }

    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        _corruption.Apply(batch, scratch, seed, number);
        return scratch;
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        input.Set(tape, batch);
        _rows.Find(batch);
        return _rows.CrossEntropy(tape, model, input, _rows.Gather(tape, model.Hidden(tape, input)), scale);
    }
}
