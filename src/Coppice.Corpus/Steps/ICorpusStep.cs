using System.Buffers;

namespace Coppice.Corpus;

/// <summary>
/// One rule of curation that must know every document before it can decide on one: deduplication, selection by rank, resampling. Each document leaves a small
/// sketch, made on any thread and kept on disk (so that a document is never sketched twice, also not in a later build); then one decision is taken on all sketches.
/// </summary>
/// <remarks>A step is configuration and holds no state: two threads may use it at once.</remarks>
public interface ICorpusStep
{
    /// <summary>The name in recipes and reports, such as <c>minhash</c>.</summary>
    string Name { get; }

    /// <summary>Everything that a sketch depends on, as text: sketches that were made under another are not used.</summary>
    string SketchVersion { get; }

    /// <summary>Starts sketching on one thread. The returned function writes what the decision needs to know of a document; it depends on nothing else.</summary>
    Action<Document, IBufferWriter<byte>> BeginSketching();

    /// <summary>Decides on all documents. The same sketches in the same order give the same decisions.</summary>
    /// <param name="corpus">The documents' sketches, in order.</param>
    /// <param name="decisions">Takes a decision on each document that is not kept as it is; in any order, at most one for each.</param>
    /// <param name="cancellation">Stops.</param>
    void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation);

    /// <summary>Carries out a decision to edit.</summary>
    /// <param name="document">The document.</param>
    /// <param name="edit">What <see cref="IDecisions.Edit"/> was given for it.</param>
    StepResult Apply(Document document, ReadOnlySpan<byte> edit);
}

/// <summary>Documents as a corpus step sees them.</summary>
public interface ISketchedCorpus
{
    /// <summary>How many documents there are, earlier ones included.</summary>
    long Count { get; }

    /// <summary>The sketches in order, earlier documents first. Each call begins again; a sketch is valid until the next one is asked for.</summary>
    IEnumerable<SketchedDocument> Documents { get; }

    /// <summary>Looks at every sketch once, on several threads and in no order; a sketch is valid as long as it is looked at.</summary>
    /// <param name="begin">Begins on a thread: the function that it returns is given the documents that fall to this thread.</param>
    void LookAtAll(Func<Action<SketchedDocument>> begin)
    {
        var look = begin();
        foreach (var document in Documents) look(document);
    }

    /// <summary>Reads a document's text again. Slow: for candidates, not for all. Earlier documents may be gone: null.</summary>
    /// <param name="index">Which.</param>
    Document? Load(long index);

    /// <summary>A folder for files that the decision needs, empty at the start and deleted afterwards.</summary>
    string WorkFolder { get; }

    /// <summary>
    /// A file that the decision may leave for the next build, which finds it under the same step and options; null where nothing is kept. Decisions must not depend on it:
    /// it is for what would otherwise be found out again.
    /// </summary>
    string? KeptFile => null;

    /// <summary>Bytes of memory that the decision should stay within, beside what is proportional to the number of documents in a few bytes each.</summary>
    long MemoryBudget { get; }
}

/// <summary>A document's sketch.</summary>
/// <param name="Index">The document's place in the order.</param>
/// <param name="IsEarlier">Whether it belongs to an earlier corpus: it is there to be compared with, and no decision can be taken on it.</param>
/// <param name="Characters">The length of its text in UTF-16 units.</param>
/// <param name="Date">Its date as the source wrote it, or null.</param>
/// <param name="Score">Its score, where an earlier step gave one.</param>
/// <param name="Sketch">What <see cref="ICorpusStep.BeginSketching"/> wrote.</param>
public readonly record struct SketchedDocument(long Index, bool IsEarlier, int Characters, string? Date, double? Score, ReadOnlyMemory<byte> Sketch);

/// <summary>Takes the decisions of a corpus step.</summary>
public interface IDecisions
{
    /// <summary>Drops a document.</summary>
    /// <param name="index">Which.</param>
    /// <param name="reason">A fixed phrase that says why.</param>
    /// <param name="measured">The rule and what it measured.</param>
    /// <param name="because">The document that it repeats, where there is one: for reports.</param>
    void Drop(long index, string reason, Measurement? measured = null, long? because = null);

    /// <summary>Keeps a document and says how many documents it stands for, itself included: the size of its cluster of duplicates.</summary>
    /// <param name="index">Which.</param>
    /// <param name="copies">How many.</param>
    void StandsFor(long index, long copies);

    /// <summary>Keeps a document and says how often training should see it, in proportion to the others: 1 is usual.</summary>
    /// <param name="index">Which.</param>
    /// <param name="weight">How often; above 0.</param>
    void Weigh(long index, double weight);

    /// <summary>Edits a document.</summary>
    /// <param name="index">Which.</param>
    /// <param name="edit">What <see cref="ICorpusStep.Apply"/> will be given; copied.</param>
    void Edit(long index, ReadOnlySpan<byte> edit);

    /// <summary>Says that two documents share a key (<see cref="ILinkingStep"/>). Of many that do, it is enough to link each with the first.</summary>
    /// <param name="first">A document.</param>
    /// <param name="second">Another.</param>
    void Link(long first, long second)
    {
    }
}
