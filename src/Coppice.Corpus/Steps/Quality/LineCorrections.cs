using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The thresholds of <see cref="LineCorrections"/>.</summary>
public sealed record LineCorrectionsOptions
{
    /// <summary>The largest share of a line's characters that are capital letters.</summary>
    public double MaxUppercase { get; init; } = 0.5;

    /// <summary>The largest share of a line's characters that are digits.</summary>
    public double MaxDigits { get; init; } = 0.999999;

    /// <summary>The fewest words of a line.</summary>
    public int MinWords { get; init; } = 2;

    /// <summary>The largest share of a document's words that may be removed; more drops it.</summary>
    public double MaxRemovedWords { get; init; } = 0.05;
}

/// <summary>
/// RefinedWeb's line-wise corrections as DCLM and datamap-rs's <c>all_dressed</c> run them: removes lines mostly in capitals, of digits only, that count likes and such, or of
/// one word; in lines of up to 10 words strips "items in cart", a trailing "Read more..." and a leading "Sign-in"; caps runs of line ends at two; drops the document where
/// that removes more than 5 in 100 of its words.
/// </summary>
/// <remarks>Words are stretches without white space; shares of a line are of its trimmed characters; blank lines stay.</remarks>
/// <param name="options">The thresholds; null for the defaults.</param>
[Technique("refinedweb-lines", Title = "The RefinedWeb Dataset for Falcon LLM: Outperforming Curated Corpora with Web Data, and Web Data Only", Paper = "arXiv:2306.01116")]
public sealed class LineCorrections(LineCorrectionsOptions? options = null) : IDocumentStep
{
    private const int MostWordsToStrip = 10;
    private readonly LineCorrectionsOptions _options = options ?? new LineCorrectionsOptions();

    /// <inheritdoc/>
    public string Name => "refinedweb-lines";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var kept = new StringBuilder();
        return document => Correct(document, kept);
    }

    private StepResult Correct(Document document, StringBuilder kept)
    {
        kept.Clear();
        var text = TextStructure.Of(document.Text);
        long words = 0;
        long wordsKept = 0;
        var removed = 0;
        var stripped = 0;
        var blanks = 0;
        foreach (ref readonly var line in text.Lines)
        {
            var content = document.Text.AsSpan(line.TrimmedStart, line.TrimmedEnd - line.TrimmedStart);
            if (content.IsEmpty)
            {
                blanks++;
                continue;
            }

            var wordsHere = Boilerplate.CountWords(content, int.MaxValue);
            words += wordsHere;
            if (IsNoText(content, wordsHere))
            {
                removed++;
                continue;
            }

            var left = wordsHere <= MostWordsToStrip ? Strip(content) : content;
            if (left.Length != content.Length)
            {
                stripped++;
                wordsHere = Boilerplate.CountWords(left, int.MaxValue);
                if (left.IsEmpty) continue;
            }

            if (kept.Length > 0) kept.Append(blanks > 0 ? "\n\n" : "\n");
            blanks = 0;
            kept.Append(left.Length == content.Length ? document.Text.AsSpan(line.Start, line.End - line.Start) : left);
            wordsKept += wordsHere;
        }

        var share = words == 0 ? 0 : (double)(words - wordsKept) / words;
        var measured = new Measurement("words in removed lines", share, _options.MaxRemovedWords);
        if (share > _options.MaxRemovedWords) return StepResult.Drop("too many words in removed lines", measured);
        if (removed + stripped == 0 && !document.Text.Contains("\n\n\n", StringComparison.Ordinal)) return StepResult.Keep(document, measured);
        List<ReasonCount> changes = [];
        if (removed > 0) changes.Add(new ReasonCount("lines removed", removed));
        if (stripped > 0) changes.Add(new ReasonCount("lines stripped of phrases", stripped));
        return StepResult.Rewrite(document with { Text = kept.ToString() }, changes);
    }

    private bool IsNoText(ReadOnlySpan<char> line, int words)
    {
        if (words < _options.MinWords) return true;
        var capitals = 0;
        var digits = 0;
        foreach (var unit in line)
        {
            if (char.IsUpper(unit)) capitals++;
            else if (char.IsDigit(unit)) digits++;
        }

        return capitals > _options.MaxUppercase * line.Length || digits > _options.MaxDigits * line.Length || Boilerplate.IsCounter(line);
    }

    private static ReadOnlySpan<char> Strip(ReadOnlySpan<char> line)
    {
        const string Cart = "items in cart";
        const string SignIn = "sign-in";
        const string ReadMore = "read more";
        var bare = line.TrimEnd(" .…");
        if (bare.EndsWith(ReadMore, StringComparison.OrdinalIgnoreCase)) line = bare[..^ReadMore.Length].TrimEnd();
        if (line.StartsWith(SignIn, StringComparison.OrdinalIgnoreCase)) line = line[SignIn.Length..].TrimStart();
        var cart = line.IndexOf(Cart, StringComparison.OrdinalIgnoreCase);
        return cart < 0 ? line : string.Concat(line[..cart].TrimEnd(), line[(cart + Cart.Length)..]).AsSpan().Trim();
    }
}
