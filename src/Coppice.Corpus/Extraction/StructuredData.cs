using System.Text.Json;

namespace Coppice.Corpus.Extraction;

/// <summary>The descriptions of a page in JSON-LD (schema.org): of what calls itself an article, the first value of each kind.</summary>
internal sealed class StructuredData
{
    private const int LongestScript = 2_000_000;
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    public string? Headline { get; private set; }

    public string? Date { get; private set; }

    public string? Url { get; private set; }

    public string? ArticleBody { get; private set; }

    /// <summary>Takes a script of the page. What is no JSON is passed over.</summary>
    public void Add(string script)
    {
        if (script.Length > LongestScript) return;
        try
        {
            using var json = JsonDocument.Parse(script, Lenient);
            Visit(json.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped lone surrogate.
        }
    }

    private void Visit(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray()) Visit(item);
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            if (IsArticle(element))
            {
                Headline ??= Text(element, "headline");
                Date ??= Text(element, "datePublished") ?? Text(element, "dateCreated") ?? Text(element, "uploadDate");
                Url ??= Text(element, "url") ?? Text(element, "mainEntityOfPage");
                ArticleBody ??= Text(element, "articleBody");
            }

            if (element.TryGetProperty("@graph", out var graph)) Visit(graph);
            if (element.TryGetProperty("mainEntity", out var main)) Visit(main);
        }
    }

    private static bool IsArticle(JsonElement element)
    {
        if (!element.TryGetProperty("@type", out var type)) return false;
        return type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Any(IsArticleType) : IsArticleType(type);
    }

    private static bool IsArticleType(JsonElement type) =>
        type.ValueKind == JsonValueKind.String && type.GetString() is { } name
        && (name.EndsWith("Article", StringComparison.Ordinal) || name.EndsWith("Posting", StringComparison.Ordinal) || name is "Report" or "Review" or "Recipe");

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
