namespace Coppice.Corpus;

/// <summary>Drops documents whose text was seen before, byte for byte. The first one is kept. Memory: about 24 bytes a distinct document.</summary>
public sealed class ExactDuplicates : IDocumentStep
{
    /// <inheritdoc/>
    public string Name => "exact-duplicates";

    /// <inheritdoc/>
    public bool IsOrdered => true;

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var seen = new HashSet<UInt128>();
        return document => seen.Add(ContentHash.Of(document.Text)) ? StepResult.Keep(document) : StepResult.Drop("exact duplicate");
    }
}
