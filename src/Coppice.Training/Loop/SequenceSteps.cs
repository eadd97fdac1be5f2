using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>Text as steps: so many sequences each, in equal micro-batches. The first steps' sequences may be cut into fragments, which grow.</summary>
[Technique("sequence-length-warmup", Title = "The Stability-Efficiency Dilemma: Investigating Sequence Length Warmup for Training GPT Models", Paper = "arXiv:2108.06084")]
public sealed class SequenceSteps : IStepSource
{
    private readonly SequenceSampler _sampler;
    private readonly PackedBatch[] _microBatches;
    private readonly TrainingSection _training;
    private readonly int _sequences;
    private long _step;

    /// <summary>Begins where the sampler is.</summary>
    /// <param name="sampler">The sequences.</param>
    /// <param name="training">The shape of a step.</param>
    public SequenceSteps(SequenceSampler sampler, TrainingSection training)
    {
        (_sampler, _training, TokensPerStep) = (sampler, training, training.TokensPerStep);
        _microBatches = [.. Enumerable.Range(0, training.Accumulation).Select(_ => new PackedBatch())];
        _sequences = training.BatchSize / training.Accumulation;
        _step = StepOf(sampler.Position);
    }

    /// <inheritdoc/>
    public long TokensPerStep { get; }

    /// <inheritdoc/>
    public SamplerPosition Position => _sampler.Position;

    /// <inheritdoc/>
    public void Restore(SamplerPosition position)
    {
        _sampler.Restore(position);
        _step = StepOf(position);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<PackedBatch> Next()
    {
        var longest = LongestAt(_step++);
        foreach (var batch in _microBatches)
        {
            _sampler.Next(batch, _sequences);
            if (longest < _training.SequenceLength) batch.Cut(longest);
        }

        return _microBatches;
    }

    private long StepOf(SamplerPosition position) => position.Sequences / _training.BatchSize;

    /// <summary>Tokens of a fragment in a step.</summary>
    private int LongestAt(long step)
    {
        var (first, whole, steps) = (_training.FirstLength, _training.SequenceLength, _training.LengthWarmupSteps);
        return first == 0 || step >= steps ? whole : (int)Math.Round(first * Math.Pow((double)whole / first, (double)step / steps));
    }
}
