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
