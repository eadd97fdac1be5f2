using Coppice.Corpus;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>Text as steps: so many sequences each, in equal micro-batches.</summary>
public sealed class SequenceSteps : IStepSource
{
    private readonly SequenceSampler _sampler;
    private readonly PackedBatch[] _microBatches;
    private readonly int _sequences;

    /// <summary>Begins where the sampler is.</summary>
    /// <param name="sampler">The sequences.</param>
    /// <param name="training">The shape of a step.</param>
    public SequenceSteps(SequenceSampler sampler, TrainingSection training)
    {
        (_sampler, TokensPerStep) = (sampler, training.TokensPerStep);
        _microBatches = [.. Enumerable.Range(0, training.Accumulation).Select(_ => new PackedBatch())];
        _sequences = training.BatchSize / training.Accumulation;
    }

    /// <inheritdoc/>
    public long TokensPerStep { get; }

    /// <inheritdoc/>
    public SamplerPosition Position => _sampler.Position;

    /// <inheritdoc/>
    public void Restore(SamplerPosition position) => _sampler.Restore(position);

    /// <inheritdoc/>
    public ReadOnlySpan<PackedBatch> Next()
    {
        foreach (var batch in _microBatches) _sampler.Next(batch, _sequences);
        return _microBatches;
    }
}
