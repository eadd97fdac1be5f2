using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Examples of a task as they were read, or made in code: see <see cref="TaskData{T}"/>.</summary>
public abstract class TaskData
{
    private const ulong SplitStream = 0x53504C4954000000;

    /// <summary>How many examples there are.</summary>
    public abstract int Count { get; }

    /// <summary>Some of them.</summary>
    /// <param name="numbers">Which, counted from 0, in the order that is wanted.</param>
    public abstract TaskData Select(IReadOnlyList<int> numbers);

    /// <summary>A part for training and one to measure on, drawn at random; of labelled examples from each label's alike.</summary>
    /// <param name="share">The share to measure on: of two examples or more at least one, and not all.</param>
    /// <param name="seed">Decides the draw.</param>
    public (TaskData Training, TaskData Validation) Split(double share, ulong seed)
    {
        var random = new Philox(seed, SplitStream);
        // A label's examples in a random order, and each with its place there: the first places of every label are measured on.
        var places = new List<(double Place, uint Draw, int Number)>();
        foreach (var stratum in Enumerable.Range(0, Count).GroupBy(StratumOf, StringComparer.Ordinal))
        {
            var drawn = stratum.Select(number => (Draw: random.Words((ulong)number).X, Number: number)).Order().ToList();
            places.AddRange(drawn.Select((entry, i) => ((i + 0.5) / drawn.Count, entry.Draw, entry.Number)));
        }

        var measured = Math.Clamp((int)Math.Round(share * Count), Math.Min(1, Count - 1), Math.Max(0, Count - 1));
        var chosen = places.Order().Take(measured).Select(entry => entry.Number).ToHashSet();
        return (Select([.. Enumerable.Range(0, Count).Where(number => !chosen.Contains(number))]), Select([.. chosen.Order()]));
    }

    /// <summary>What kind of example it is, where a split should have all kinds on both sides.</summary>
    private protected abstract string StratumOf(int number);
}

/// <summary>Examples of a task.</summary>
/// <typeparam name="T">An example: <see cref="LabelledText"/>, <see cref="Conversation"/>, and so on.</typeparam>
/// <param name="items">The examples.</param>
public sealed class TaskData<T>(IReadOnlyList<T> items) : TaskData
{
    /// <summary>The examples.</summary>
    public IReadOnlyList<T> Items { get; } = items;

    /// <inheritdoc/>
    public override int Count => Items.Count;

    /// <inheritdoc/>
    public override TaskData Select(IReadOnlyList<int> numbers) => new TaskData<T>([.. numbers.Select(number => Items[number])]);

    private protected override string StratumOf(int number) => Items[number] switch
    {
        LabelledText text => text.Label,
        JudgedAnswer { Desirable: true } => "desirable",
        _ => "",
    };
}
