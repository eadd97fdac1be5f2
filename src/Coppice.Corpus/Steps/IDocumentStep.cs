namespace Coppice.Corpus;

/// <summary>One rule of curation that looks at a document by itself: keeps it, drops it (with a reason) or rewrites it.</summary>
/// <remarks>
/// A step itself is configuration and holds no state. What <see cref="Begin"/> returns may hold buffers, or what must be remembered during a pass: a second pass
/// starts afresh. What needs to see all documents before it can decide on one is an <see cref="ICorpusStep"/>.
/// </remarks>
public interface IDocumentStep
{
    /// <summary>The name in recipes and reports, such as <c>gopher-quality</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Whether a decision depends on the documents before. Such a step sees all of them, in order, on one thread; else documents are divided among threads, each with
    /// a function of its own from <see cref="Begin"/>.
    /// </summary>
    bool IsOrdered => false;

    /// <summary>Starts a pass. The returned function sees documents one at a time.</summary>
    Func<Document, StepResult> Begin();
}
