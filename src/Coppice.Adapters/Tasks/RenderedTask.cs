using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>Examples as tokens, and what became of those that didn't fit.</summary>
/// <param name="Examples">The examples, in the order of the data.</param>
/// <param name="Shortened">How many of them lost a part, because they were longer than a document may be.</param>
/// <param name="LeftOut">How many others could not be shortened without losing what is to be learned, and were left out.</param>
/// <param name="FirstLeftOut">Where the first of those stands; null where there is none.</param>
/// <param name="LostLabels">Labels of words that have no token of their own, so that nothing is learned of them.</param>
public sealed record RenderedTask(IReadOnlyList<TaskExample> Examples, int Shortened, int LeftOut, string? FirstLeftOut, int LostLabels)
{
    /// <summary>Tokens of all examples.</summary>
    public long Tokens => Examples.Sum(example => (long)example.TokenCount);

    /// <summary>Targets that count.</summary>
    public long CountedTargets => Examples.Sum(example => (long)example.CountedTargets);

    /// <summary>A line for people: what there is to learn, and what was lost.</summary>
    public override string ToString()
    {
        var text = FormattableString.Invariant($"{Examples.Count:N0} examples, {Tokens:N0} tokens, {CountedTargets:N0} of them with a target");
        if (Shortened > 0) text += FormattableString.Invariant($"; {Shortened:N0} shortened");
        if (LeftOut > 0) text += FormattableString.Invariant($"; {LeftOut:N0} left out as too long, the first: {FirstLeftOut}");
        if (LostLabels > 0) text += FormattableString.Invariant($"; {LostLabels:N0} labels of words without a token of their own lost");
        return text;
    }
}

/// <summary>Gathers the examples of a <see cref="RenderedTask"/>.</summary>
internal sealed class RenderedTaskBuilder
{
    private readonly List<TaskExample> _examples = [];
    private int _number;
    private int _shortened;
    private int _leftOut;
    private string? _firstLeftOut;
    private int _lostLabels;

    /// <summary>Adds an example, of one document or several.</summary>
    public void Add(string where, bool shortened, params TaskDocument[] documents)
    {
        if (shortened) _shortened++;
        _examples.Add(new TaskExample(documents, where) { Number = _number++ });
    }

    /// <summary>Notes an example that can't be learned at this length.</summary>
    public void LeaveOut(string where)
    {
        _number++;
        _leftOut++;
        _firstLeftOut ??= where;
    }

    /// <summary>Notes an example in which there is nothing to learn.</summary>
    public void PassOver() => _number++;

    /// <summary>Notes labels of words without a token of their own.</summary>
    public void LoseLabels(int count) => _lostLabels += count;

    /// <summary>All that was added.</summary>
    /// <exception cref="CoppiceException">There is nothing to learn: every loss would be 0, and training would seem to succeed.</exception>
    public RenderedTask Finish(int maxTokens)
    {
        var task = new RenderedTask([.. _examples], _shortened, _leftOut, _firstLeftOut, _lostLabels);
        if (task.CountedTargets > 0) return task;
        throw new CoppiceException(_leftOut > 0
            ? FormattableString.Invariant($"none of the {_leftOut} examples fits into {maxTokens} tokens with what is to be learned (the first: {_firstLeftOut}): allow longer ones")
            : "no example has anything to learn from");
    }
}
