using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>
/// Says how often training should see a document by how many copies of it deduplication found: text that many pages carry is rather good, and what a thousand carry is junk. FineWeb2's
/// table: 1 copy once, 2 twice, 3 and 4 three times, 5 to 99 five times, 100 to 999 eight times, 1000 and more once.
/// </summary>
[Technique("rehydration", Title = "FineWeb2: One Pipeline to Scale Them All - Adapting Pre-Training Data Processing to Every Language", Paper = "arXiv:2506.20920")]
public sealed class Rehydrate : IDocumentStep
{
    /// <inheritdoc/>
    public string Name => "rehydrate";

    /// <summary>How often a document with some number of copies is seen.</summary>
    /// <param name="copies">The copies, itself included.</param>
    public static double WeightOf(long copies) => copies switch { < 2 => 1, 2 => 2, < 5 => 3, < 100 => 5, < 1000 => 8, _ => 1 };

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document => StepResult.Keep(document with { Weight = document.Weight * WeightOf(document.Copies) });
}
