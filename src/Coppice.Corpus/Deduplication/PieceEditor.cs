using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Deduplication;

/// <summary>Takes repeated pieces out of a text.</summary>
/// <param name="pieces">What a piece is.</param>
/// <param name="dropAt">The share of the text from which the whole document goes.</param>
internal sealed class PieceEditor(TextPieces pieces, double dropAt)
{
    /// <summary>The reason and the rule in reports.</summary>
    private readonly string _reason = pieces.Unit == TextUnit.Line ? "repeated lines" : "repeated paragraphs";

    /// <summary>Takes out the pieces that a function says are repeated.</summary>
    /// <param name="document">The document.</param>
    /// <param name="isRepeated">Is asked once for each piece that is long enough, in order.</param>
    /// <returns>The document as it is, a shorter one, or none where most of it was repeated.</returns>
    public StepResult Edit(Document document, Func<ulong, bool> isRepeated)
    {
        var text = document.Text;
        var rest = new StringBuilder();
        var (copied, removed, removedLength) = (0, 0, 0);
        var reader = new PieceReader(text, pieces.Unit);
        while (reader.Next())
        {
            if (pieces.HashOf(reader.Current) is not { } hash || !isRepeated(hash)) continue;
            rest.Append(text, copied, reader.Start - copied);
            copied = reader.End;
            removed++;
            removedLength += reader.End - reader.Start;
        }

        if (removed == 0) return StepResult.Keep(document);
        rest.Append(text, copied, text.Length - copied);
        var share = new Measurement(_reason, (double)removedLength / text.Length, dropAt);
        var left = rest.ToString();
        return share.Value >= dropAt || string.IsNullOrWhiteSpace(left)
            ? StepResult.Drop(_reason, share)
            : StepResult.Rewrite(document with { Text = left }, new ReasonCount(_reason, removed));
    }

    /// <summary>What of the configuration a sketch depends on.</summary>
    public string Version => string.Create(CultureInfo.InvariantCulture, $"1 {pieces.Unit} {pieces.MinimumLength} {pieces.Normalized}");
}
