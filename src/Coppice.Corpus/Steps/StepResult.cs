using System.Text.Json.Serialization;

namespace Coppice.Corpus;

/// <summary>What a step decided about a document.</summary>
public readonly record struct StepResult
{
    /// <summary>The document to go on with, or null where it was dropped.</summary>
    public Document? Document { get; private init; }

    /// <summary>Why the document was dropped, or null where it was kept. A fixed phrase: reports count by it.</summary>
    public string? Reason { get; private init; }

    /// <summary>The rule that decided and what it measured; of a document that was kept, the rule that came nearest to dropping it. Null where nothing is measured.</summary>
    public Measurement? Measured { get; private init; }

    /// <summary>What was rewritten, by fixed phrases; null where the document is as it was.</summary>
    public IReadOnlyList<ReasonCount>? Changes { get; private init; }

    /// <summary>Whether the step is not made for such documents.</summary>
    public bool IsPassedOver { get; private init; }

    /// <summary>Goes on with the document as it is.</summary>
    /// <param name="document">The document that was given.</param>
    /// <param name="nearest">The rule that came nearest to dropping it.</param>
    public static StepResult Keep(Document document, Measurement? nearest = null) => new() { Document = document, Measured = nearest };

    /// <summary>Goes on with a document that the step is not made for: whether the step finds anything says nothing of such documents.</summary>
    /// <param name="document">The document that was given.</param>
    public static StepResult PassOver(Document document) => new() { Document = document, IsPassedOver = true };

    /// <summary>Goes on with a rewritten document.</summary>
    /// <param name="document">The new document.</param>
    /// <param name="changes">What was changed and how often, such as lines without punctuation: 3.</param>
    public static StepResult Rewrite(Document document, params IReadOnlyList<ReasonCount> changes) => new() { Document = document, Changes = changes };

    /// <summary>Drops the document.</summary>
    /// <param name="reason">A fixed phrase that says why: the report counts by it.</param>
    /// <param name="measured">The rule and what it measured.</param>
    public static StepResult Drop(string reason, Measurement? measured = null) => new() { Reason = reason, Measured = measured };
}

/// <summary>What a rule measured of a document, and where it draws the line.</summary>
/// <param name="Rule">The rule's name, such as <c>mean word length</c>.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Threshold">Where the line is.</param>
public readonly record struct Measurement(string Rule, double Value, double Threshold)
{
    /// <summary>How far the value lies from the line, as a share of the line's own size: what different rules are compared by.</summary>
    [JsonIgnore]
    public double Distance => Math.Abs(Value - Threshold) / Math.Max(Math.Abs(Threshold), 1e-3);
}

/// <summary>A number of occurrences of one thing.</summary>
/// <param name="Reason">What, as a fixed phrase.</param>
/// <param name="Count">How often.</param>
public readonly record struct ReasonCount(string Reason, long Count);
