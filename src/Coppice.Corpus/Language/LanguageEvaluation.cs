namespace Coppice.Corpus.Language;

/// <summary>How often a language model is right on labelled texts, and what it takes for what.</summary>
public sealed class LanguageEvaluation
{
    private readonly SortedDictionary<string, (long Right, long Texts)> _byLanguage = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), long> _confusions = [];
    private readonly LanguageIdentifier _identifier;

    /// <summary>Starts without texts.</summary>
    /// <param name="identifier">The model.</param>
    public LanguageEvaluation(LanguageIdentifier identifier) => _identifier = identifier;

    /// <summary>How many texts were judged.</summary>
    public long Texts { get; private set; }

    /// <summary>How many of them rightly.</summary>
    public long Right { get; private set; }

    /// <summary>The share of texts that were judged rightly; 0 of none.</summary>
    public double Accuracy => Texts == 0 ? 0 : (double)Right / Texts;

    /// <summary>The share of each language's texts that were judged rightly, by code.</summary>
    public IReadOnlyDictionary<string, double> ByLanguage => _byLanguage.ToDictionary(language => language.Key, language => (double)language.Value.Right / language.Value.Texts);

    /// <summary>What was taken for what, the most frequent first.</summary>
    public IReadOnlyList<LanguageConfusion> Confusions =>
    [
        .. _confusions.Select(pair => new LanguageConfusion(pair.Key.Item1, pair.Key.Item2, pair.Value))
            .OrderByDescending(pair => pair.Texts).ThenBy(pair => pair.Language, StringComparer.Ordinal).ThenBy(pair => pair.TakenFor, StringComparer.Ordinal),
    ];

    /// <summary>Judges a text.</summary>
    /// <param name="language">The code of its language.</param>
    /// <param name="text">The text.</param>
    public void Add(string language, string text)
    {
        var guess = _identifier.Identify(text).Language;
        var isRight = guess == language;
        var (right, texts) = _byLanguage.GetValueOrDefault(language);
        _byLanguage[language] = (right + (isRight ? 1 : 0), texts + 1);
        Texts++;
        if (isRight) Right++;
        else _confusions[(language, guess)] = _confusions.GetValueOrDefault((language, guess)) + 1;
    }
}

/// <summary>How often one language was taken for another.</summary>
/// <param name="Language">What the texts are in.</param>
/// <param name="TakenFor">What they were taken for.</param>
/// <param name="Texts">How many.</param>
public sealed record LanguageConfusion(string Language, string TakenFor, long Texts);
