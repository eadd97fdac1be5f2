namespace Coppice.Adapters;

/// <summary>What a head tells.</summary>
public enum HeadTask
{
    /// <summary>The class of a document.</summary>
    Classes,

    /// <summary>A number for a document.</summary>
    Numbers,

    /// <summary>Which of several answers is right.</summary>
    Choices,

    /// <summary>The class of each word.</summary>
    Words,
}

/// <summary>All that has to be known of a head beside its parameters, to train it and to use it.</summary>
/// <param name="Task">What it tells.</param>
/// <param name="Labels">The classes by their numbers; empty where it tells none.</param>
/// <param name="Pooling">Which hidden state stands for a document; without meaning for words.</param>
/// <param name="Place">Which token of a word carries its label; without meaning elsewhere.</param>
public sealed record HeadDescription(HeadTask Task, IReadOnlyList<string> Labels, Pooling Pooling = Pooling.Last, LabelledToken Place = LabelledToken.First)
{
    /// <summary>Of a head of numbers: what its number 0 and 1 stand for.</summary>
    public NumberScale Scale { get; init; } = NumberScale.Plain;

    /// <summary>Numbers that the head gives.</summary>
    public int Outputs => Task is HeadTask.Classes or HeadTask.Words ? Labels.Count : 1;

    /// <summary>The objective of such a head.</summary>
    /// <param name="head">The head.</param>
    public HeadObjective Objective(TaskHead head) => Task switch
    {
        HeadTask.Classes => new SequenceClassificationObjective(head, Pooling),
        HeadTask.Numbers => new RegressionObjective(head, Pooling),
        HeadTask.Choices => new MultipleChoiceObjective(head, Pooling),
        _ => new TokenClassificationObjective(head),
    };
}

/// <summary>Numbers as a head learns them: how many standard deviations they lie from the mean, since a linear layer on hidden states learns numbers of that size fastest.</summary>
/// <param name="Mean">The number that the head's 0 stands for.</param>
/// <param name="Deviation">How far the head's 1 lies from it; above 0.</param>
public readonly record struct NumberScale(float Mean, float Deviation)
{
    /// <summary>Numbers as they are.</summary>
    public static NumberScale Plain { get; } = new(0, 1);

    /// <summary>The number that the head's stands for.</summary>
    /// <param name="score">The head's.</param>
    public float Number(float score) => Mean + Deviation * score;

    /// <summary>What the head's number should be.</summary>
    /// <param name="number">The number.</param>
    public float Score(float number) => (number - Mean) / Deviation;
}
