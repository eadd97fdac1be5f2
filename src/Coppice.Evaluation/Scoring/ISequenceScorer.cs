namespace Coppice.Evaluation;

/// <summary>Runs a model over many sequences and reports what it makes of each.</summary>
internal interface ISequenceScorer : IDisposable
{
    /// <summary>Adds a sequence.</summary>
    /// <param name="item">Names it in the reports.</param>
    /// <param name="sequence">Its tokens.</param>
    void Add(int item, ReadOnlySpan<int> sequence);

    /// <summary>Runs what has been added and not yet reported.</summary>
    void Flush();

    /// <summary>Forgets what has been added and not yet run.</summary>
    void Clear();
}
