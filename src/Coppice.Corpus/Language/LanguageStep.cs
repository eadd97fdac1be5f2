namespace Coppice.Corpus.Language;

/// <summary>What <see cref="LanguageStep"/> keeps.</summary>
public sealed record LanguageOptions
{
    /// <summary>The codes of the languages to keep; empty for all that are recognised.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>The least share of the document's language in it, from 0 to 1. 0.65 is FineWeb's and RefinedWeb's; CCNet takes 0.5.</summary>
    public double MinimumScore { get; init; } = 0.65;

    /// <summary>The model; null for the one that comes with Coppice.</summary>
    public LanguageIdentifier? Model { get; init; }
}

/// <summary>
/// Tells the language of each document and keeps those in a language that is wanted, if they are clearly in it: FineWeb's language filter, with a model and
/// a sample of the document of our own (<see cref="LanguageIdentifier"/>, <see cref="DocumentLanguage"/>).
/// </summary>
public sealed class LanguageStep : IDocumentStep
{
    private const string Rule = "language score";
    private readonly LanguageOptions _options;
    private readonly HashSet<string> _wanted;

    /// <summary>Makes the step.</summary>
    /// <param name="options">What is kept.</param>
    /// <exception cref="Foundation.CoppiceException">A language is wanted that the model does not know (exit code 2).</exception>
    public LanguageStep(LanguageOptions? options = null)
    {
        _options = options ?? new();
        _wanted = [.. _options.Languages];
        if (_wanted.Count == 0) return;
        var known = (_options.Model ?? LanguageIdentifier.Default).Languages;
        if (_wanted.Except(known).Order(StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw Foundation.CoppiceException.Usage($"language: the model does not know the language '{unknown}'; it knows {string.Join(", ", known)}");
    }

    /// <inheritdoc/>
    public string Name => "language";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var identifier = _options.Model ?? LanguageIdentifier.Default;
        return document =>
        {
            var language = DocumentLanguage.Of(document.Text, identifier);
            var measured = new Measurement(Rule, language.Score, _options.MinimumScore);
            if (language.Language == LanguageIdentifier.Undetermined) return StepResult.Drop("no language recognised", measured);
            if (_wanted.Count > 0 && !_wanted.Contains(language.Language)) return StepResult.Drop("not in a wanted language", measured);
            if (language.Score < _options.MinimumScore) return StepResult.Drop("language not clear", measured);
            return StepResult.Keep(document with { Language = language.Language }, measured);
        };
    }
}
