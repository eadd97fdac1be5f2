namespace Coppice.Corpus.Extraction;

/// <summary>
/// Turns documents that are HTML (<see cref="Document.MediaType"/> <c>text/html</c>) into the plain text of their main content, with title, date, address and licence
/// where the page states them and the document does not know them yet. Other documents pass as they are.
/// </summary>
/// <param name="limits">What a page may ask for; null for the defaults. Pages beyond it are dropped.</param>
/// <param name="minimumCharacters">The shortest text that counts as found, in UTF-16 units.</param>
public sealed class ExtractHtml(HtmlLimits? limits = null, int minimumCharacters = 1) : IDocumentStep
{
    /// <summary>The media type of the documents that are turned into text.</summary>
    public const string Html = "text/html";

    /// <inheritdoc/>
    public string Name => "extract";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var extractor = new HtmlExtractor(limits);
        return document =>
        {
            if (document.MediaType is null) return StepResult.PassOver(document);
            if (document.MediaType != Html) return StepResult.Drop("media type that can't be extracted");
            if (extractor.Extract(document.Text, document.Url, out var reason) is not { } page) return StepResult.Drop(reason!);
            if (page.Text.Length < minimumCharacters)
            {
                return StepResult.Drop(ExtractionReasons.NoMainContent, new Measurement("characters of main content", page.Text.Length, minimumCharacters));
            }

            var extracted = document with
            {
                Text = page.Text,
                MediaType = null,
                Title = document.Title ?? page.Title,
                Date = page.Date ?? document.Date,
                Url = document.Url ?? page.Url,
                Licence = document.Licence ?? page.Licence,
            };
            return StepResult.Rewrite(extracted, new ReasonCount("main content extracted", 1));
        };
    }
}
