using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// A document step that must see documents in order, run as what decides between two stages: it looks at every document on one thread, and what it said is carried
/// out by the stage after it.
/// </summary>
internal static class OrderedStep
{
    /// <summary>Runs the step over all documents.</summary>
    /// <param name="step">The step.</param>
    /// <param name="documents">The documents in order.</param>
    /// <param name="decisions">Takes what it says of them, by their place.</param>
    /// <param name="cancellation">Stops between two documents.</param>
    public static void Decide(IDocumentStep step, IEnumerable<Document> documents, IDecisions decisions, CancellationToken cancellation)
    {
        var look = step.Begin();
        var index = 0L;
        foreach (var document in documents)
        {
            cancellation.ThrowIfCancellationRequested();
            var result = Look(look, document);
            if (result.Document is null) decisions.Drop(index, result.Reason ?? "no reason given", result.Measured);
            else if (result.Changes is not null || !ReferenceEquals(result.Document, document)) decisions.Edit(index, Edited(result));
            index++;
        }
    }

    /// <summary>Carries out what the step said of a document that it rewrote.</summary>
    /// <param name="edit">The new document and what was changed.</param>
    public static StepResult Apply(byte[] edit)
    {
        var lines = edit.AsSpan();
        var end = lines.IndexOf((byte)'\n');
        var document = DocumentLines.Parse(lines[..end]);
        return StepResult.Rewrite(document, JsonSerializer.Deserialize<ReasonCount[]>(lines[(end + 1)..])!);
    }

    // The state that such a step has makes it impossible to begin it again: a document that it fails on is dropped, and it goes on with what it has.
    private static StepResult Look(Func<Document, StepResult> look, Document document)
    {
        try
        {
            return look(document);
        }
        catch (Exception error) when (error is not (OperationCanceledException or OutOfMemoryException or CoppiceException { ExitCode: ExitCode.Usage }))
        {
            return StepResult.Drop("quarantined: the step failed on it");
        }
    }

    private static byte[] Edited(StepResult result)
    {
        using var lines = new DocumentLines();
        return [.. lines.Write(result.Document!), .. JsonSerializer.SerializeToUtf8Bytes(result.Changes ?? [])];
    }
}
