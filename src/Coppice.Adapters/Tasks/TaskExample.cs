namespace Coppice.Adapters;

/// <summary>A document of a task's example, as it goes into a packed batch. The three lists are of the same length.</summary>
/// <param name="Tokens">What the model reads; at least one token.</param>
/// <param name="Targets">What is to be told at each token: the next token, a class, the bits of a number (<see cref="NumberTarget"/>). Not looked at where the weight is 0.</param>
/// <param name="Weights">What each target counts in the loss.</param>
public sealed record TaskDocument(int[] Tokens, int[] Targets, float[] Weights)
{
    /// <summary>A document with one target, on its last token: a label of the whole.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="target">The target.</param>
    /// <param name="weight">What it counts.</param>
    internal static TaskDocument Labelled(int[] tokens, int target, float weight)
    {
        var document = new TaskDocument(tokens, new int[tokens.Length], new float[tokens.Length]);
        (document.Targets[^1], document.Weights[^1]) = (target, weight);
        return document;
    }
}

/// <summary>An example of a task: documents that a batch holds side by side, in this order.</summary>
/// <param name="Documents">One for most tasks; one for each answer of a choice, two for a preference, windows of a long sentence.</param>
/// <param name="Where">File and line, for messages.</param>
public sealed record TaskExample(IReadOnlyList<TaskDocument> Documents, string Where)
{
    /// <summary>Its number in the data, counted from 0: examples that were left out have one too.</summary>
    public int Number { get; init; }

    /// <summary>Tokens of all its documents.</summary>
    public int TokenCount => Documents.Sum(document => document.Tokens.Length);

    /// <summary>Targets that count.</summary>
    public int CountedTargets => Documents.Sum(document => document.Weights.Count(weight => weight > 0));
}

/// <summary>Numbers as targets: a batch holds integers, so a number is held by its bits.</summary>
public static class NumberTarget
{
    /// <summary>The target that stands for a number.</summary>
    /// <param name="number">The number.</param>
    public static int Of(float number) => BitConverter.SingleToInt32Bits(number);

    /// <summary>The number that a target stands for.</summary>
    /// <param name="target">The target.</param>
    public static float Number(int target) => BitConverter.Int32BitsToSingle(target);
}
