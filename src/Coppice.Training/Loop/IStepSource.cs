using Coppice.Corpus;

namespace Coppice.Training.Loop;

/// <summary>What a loop trains on: the micro-batches of one step after another, without an end. The place in the stream is a few integers.</summary>
public interface IStepSource
{
    /// <summary>Tokens of a step; of the mean one where steps differ.</summary>
    long TokensPerStep { get; }

    /// <summary>Where the stream is.</summary>
    SamplerPosition Position { get; }

    /// <summary>Goes to a place.</summary>
    /// <param name="position">What <see cref="Position"/> was, of the same stream.</param>
    /// <exception cref="Foundation.CoppiceException">It is of another stream.</exception>
    void Restore(SamplerPosition position);

    /// <summary>The micro-batches of the next step. They are filled anew by the next call.</summary>
    ReadOnlySpan<PackedBatch> Next();
}
