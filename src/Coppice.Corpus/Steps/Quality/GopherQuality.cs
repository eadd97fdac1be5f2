using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The thresholds of <see cref="GopherQuality"/>; null switches a rule off.</summary>
public sealed record GopherQualityOptions
{
    /// <summary>Whose reading of the rules.</summary>
    public RuleVariant Variant { get; init; } = RuleVariant.Datatrove;

    /// <summary>The fewest words.</summary>
    public double? MinWords { get; init; } = 50;

    /// <summary>The most words.</summary>
    public double? MaxWords { get; init; } = 100_000;

    /// <summary>The shortest mean length of the words, in code points.</summary>
    public double? MinMeanWordLength { get; init; } = 3;

    /// <summary>The longest mean length of the words, in code points.</summary>
    public double? MaxMeanWordLength { get; init; } = 10;

    /// <summary>The most hash signs (DCLM: hash signs and ellipses) a word.</summary>
    public double? MaxSymbolsPerWord { get; init; } = 0.1;

    /// <summary>The most ellipses a word; DCLM counts them among the symbols.</summary>
    public double? MaxEllipsesPerWord { get; init; } = 0.1;

    /// <summary>The largest share of lines that begin with a bullet.</summary>
    public double? MaxBulletLines { get; init; } = 0.9;

    /// <summary>The largest share of lines that end in an ellipsis.</summary>
    public double? MaxEllipsisLines { get; init; } = 0.3;

    /// <summary>The smallest share of words with a letter.</summary>
    public double? MinAlphabeticWords { get; init; } = 0.8;

    /// <summary>The fewest stop words: different ones (datatrove) or occurrences (DCLM).</summary>
    public double? MinStopWords { get; init; } = 2;

    /// <summary>The stop words, in lower case.</summary>
    public IReadOnlyList<string> StopWords { get; init; } = ["the", "be", "to", "of", "and", "that", "have", "with"];
}

/// <summary>
/// The quality rules of Gopher's MassiveWeb: number and length of words, symbols, bullets, ellipses, words without letters, stop words.
/// <para>
/// As datatrove runs them (the default): words are tokens with a character that is not punctuation; shares of words are of all tokens; all lines count; a bullet is • or -;
/// stop words are counted once each and by their case ("The" is none).
/// As DCLM runs them: punctuation is ignored throughout; symbols are #, ..., . . . and … for each stretch without white space; blank lines don't count; a bullet is ●, •, *
/// or -; every occurrence of a stop word counts, in any case.
/// </para>
/// </summary>
/// <remarks>Lengths are in code points. Stop words are counted up to twice what is enough. The tokens are those of <see cref="TextStructure"/> and not of either tool's own tokenizer.</remarks>
/// <param name="options">The thresholds; null for the defaults.</param>
[Technique("gopher-quality", Title = "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", Paper = "arXiv:2112.11446")]
public sealed class GopherQuality(GopherQualityOptions? options = null) : IDocumentStep
{
    private readonly GopherQualityOptions _options = options ?? new GopherQualityOptions();

    /// <inheritdoc/>
    public string Name => "gopher-quality";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var stopWords = new StopWords(_options.StopWords, anyCase: _options.Variant == RuleVariant.Dclm);
        return document => Judge(document, stopWords);
    }

    private StepResult Judge(Document document, StopWords stopWords)
    {
        var text = TextStructure.Of(document.Text);
        var dclm = _options.Variant == RuleVariant.Dclm;
        var rules = new RuleBook();
        _ = JudgeWords(ref rules, text) || JudgeSymbols(ref rules, text, dclm) || JudgeLines(ref rules, text, dclm) || JudgeLetters(ref rules, text, dclm)
            || rules.AtLeast("stop words", stopWords.Count(text, (int)Math.Ceiling(2 * (_options.MinStopWords ?? 0))), _options.MinStopWords);
        return rules.Result(document);
    }

    private bool JudgeWords(ref RuleBook rules, TextStructure text)
    {
        long length = 0;
        foreach (ref readonly var token in text.Tokens)
        {
            if (token.IsWord) length += token.CodePoints;
        }

        var mean = Share(length, text.WordCount);
        return rules.AtLeast("number of words", text.WordCount, _options.MinWords) || rules.AtMost("number of words", text.WordCount, _options.MaxWords)
            || rules.AtLeast("mean word length", mean, _options.MinMeanWordLength) || rules.AtMost("mean word length", mean, _options.MaxMeanWordLength);
    }

    private bool JudgeSymbols(ref RuleBook rules, TextStructure text, bool dclm)
    {
        var span = text.Text.AsSpan();
        var hashes = span.Count('#');
        var ellipses = span.Count("...") + span.Count('…');
        if (dclm) return rules.AtMost("symbols a word", Share(hashes + ellipses + span.Count(". . ."), text.ChunkCount), _options.MaxSymbolsPerWord);
        return rules.AtMost("hash signs a word", Share(hashes, text.Tokens.Length), _options.MaxSymbolsPerWord)
            || rules.AtMost("ellipses a word", Share(ellipses, text.Tokens.Length), _options.MaxEllipsesPerWord);
    }

    private bool JudgeLines(ref RuleBook rules, TextStructure text, bool dclm)
    {
        var lines = 0;
        var bullets = 0;
        var ellipses = 0;
        foreach (ref readonly var line in text.Lines)
        {
            if (line.IsBlank)
            {
                if (!dclm) lines++;
                continue;
            }

            lines++;
            var content = text.Text.AsSpan(line.TrimmedStart, line.TrimmedEnd - line.TrimmedStart);
            if (content[0] is '•' or '-' || (dclm && content[0] is '●' or '*')) bullets++;
            if (content[^1] == '…' || content.EndsWith("...") || (dclm && content.EndsWith(". . ."))) ellipses++;
        }

        return rules.AtMost("lines that begin with a bullet", Share(bullets, lines), _options.MaxBulletLines)
            || rules.AtMost("lines that end in an ellipsis", Share(ellipses, lines), _options.MaxEllipsisLines);
    }

    private bool JudgeLetters(ref RuleBook rules, TextStructure text, bool dclm)
    {
        var withLetter = 0;
        foreach (ref readonly var token in text.Tokens)
        {
            if (token.HasLetter) withLetter++;
        }

        return rules.AtLeast("words with a letter", Share(withLetter, dclm ? text.WordCount : text.Tokens.Length), _options.MinAlphabeticWords);
    }

    private static double Share(long part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
