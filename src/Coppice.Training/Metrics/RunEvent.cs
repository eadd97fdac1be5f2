using System.Text.Json.Serialization;

namespace Coppice.Training.Metrics;

/// <summary>Something that happened in a run. One is one line of <c>metrics.jsonl</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(StepMetrics), "step")]
[JsonDerivedType(typeof(EvaluationMetrics), "evaluation")]
[JsonDerivedType(typeof(TextSample), "sample")]
[JsonDerivedType(typeof(RunWarning), "warning")]
public abstract record RunEvent
{
    /// <summary>Steps done when it happened.</summary>
    [JsonPropertyOrder(-1)]
    public required long Step { get; init; }
}

/// <summary>What a training step measured.</summary>
public sealed record StepMetrics : RunEvent
{
    /// <summary>Tokens trained on, this step included.</summary>
    public required long Tokens { get; init; }

    /// <summary>The mean loss of the step's tokens in nats.</summary>
    public required double Loss { get; init; }

    /// <summary>The learning rate of the step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The norm of all gradients together, before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Tokens trained on in a second. The only number here that two equal runs don't share.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Whether the step was skipped as an outlier: the weights stayed as they were.</summary>
    public bool Skipped { get; init; }
}

/// <summary>What a measurement on the validation split gave.</summary>
public sealed record EvaluationMetrics : RunEvent
{
    /// <summary>Tokens trained on so far.</summary>
    public required long Tokens { get; init; }

    /// <summary>The source that was measured; null for the whole validation split.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; init; }

    /// <summary>The mean loss of the measured tokens in nats.</summary>
    public required double Loss { get; init; }

    /// <summary>The loss in bits for each UTF-8 byte of the measured text, which models with different tokenizers can be compared by; null where it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? BitsPerByte { get; init; }

    /// <summary>Tokens that were measured.</summary>
    public required long EvaluatedTokens { get; init; }

    /// <summary>Whether the whole validation split was measured.</summary>
    public bool Whole { get; init; }

    /// <summary>What else was measured, by name, such as the accuracy of a task; null where nothing was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }
}

/// <summary>Text that the model wrote.</summary>
public sealed record TextSample : RunEvent
{
    /// <summary>What it was given.</summary>
    public required string Prompt { get; init; }

    /// <summary>How it went on.</summary>
    public required string Text { get; init; }
}

/// <summary>Something that the user should know: a skipped step, a refused checkpoint.</summary>
public sealed record RunWarning : RunEvent
{
    /// <summary>One line.</summary>
    public required string Message { get; init; }
}
