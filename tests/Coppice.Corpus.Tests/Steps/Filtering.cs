namespace Coppice.Corpus.Tests.Steps;

/// <summary>Runs one step on one text, and makes texts of a known shape.</summary>
internal static class Filtering
{
    public static StepResult Run(IDocumentStep step, string text, string? language = null, string? url = null) =>
        step.Begin()(new Document("1", text, "test") { Language = language, Url = url });

    public static void Keeps(IDocumentStep step, string text)
    {
        var result = Run(step, text);
        Assert.True(result.Document is not null, $"dropped: {result.Reason} {result.Measured}");
    }

    public static void Drops(IDocumentStep step, string text, string reason) => Assert.Equal(reason, Run(step, text).Reason);

    /// <summary>Different words of a length, separated by spaces.</summary>
    public static string Words(int count, int length = 6) => string.Join(' ', Enumerable.Range(0, count).Select(i => Word(i, length)));

    /// <summary>The word with a number: different for each, always of the same length.</summary>
    public static string Word(int number, int length = 6)
    {
        var word = new char[length];
        for (var i = length - 1; i >= 0; i--, number /= 26) word[i] = (char)('a' + (number % 26));
        return new string(word);
    }
}
