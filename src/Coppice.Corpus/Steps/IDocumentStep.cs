namespace Coppice.Corpus;

/// <summary>One rule of curation: keeps, drops (with a reason) or rewrites documents.</summary>
/// <remarks>
/// A step itself is configuration and holds no state; what it must remember during a pass (such as the hashes seen so far)
/// belongs to what <see cref="Begin"/> returns, so that a second pass starts afresh.
/// </remarks>
public interface IDocumentStep
{
    /// <summary>The name in recipes and reports, such as <c>exact-duplicates</c>.</summary>
    string Name { get; }

    /// <summary>Starts a pass. The returned function sees the documents in order, one at a time.</summary>
    Func<Document, StepResult> Begin();
}

/// <summary>What a step decided about a document.</summary>
public readonly record struct StepResult
{
    private StepResult(Document? document, string? reason)
    {
        Document = document;
        Reason = reason;
    }

    /// <summary>The document to go on with, or null where it was dropped.</summary>
    public Document? Document { get; }

    /// <summary>Why the document was dropped, or null where it was kept.</summary>
    public string? Reason { get; }

    /// <summary>Goes on with a document: the one that was given, or a rewritten one (which is then counted as such).</summary>
    /// <param name="document">The document.</param>
    public static StepResult Keep(Document document) => new(document, null);

    /// <summary>Drops the document.</summary>
    /// <param name="reason">A fixed phrase that says why: the report counts by it.</param>
    public static StepResult Drop(string reason) => new(null, reason);
}
