namespace Coppice.Corpus;

/// <summary>Drops documents without text: empty, or white space only.</summary>
public sealed class DropEmpty : IDocumentStep
{
    /// <inheritdoc/>
    public string Name => "empty";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() =>
        document => string.IsNullOrWhiteSpace(document.Text) ? StepResult.Drop("empty or white space only") : StepResult.Keep(document);
}
