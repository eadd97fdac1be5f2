using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The thresholds of <see cref="GopherRepetition"/>; null switches a rule off.</summary>
public sealed record GopherRepetitionOptions
{
    /// <summary>Whose reading of the rules.</summary>
    public RuleVariant Variant { get; init; } = RuleVariant.Datatrove;

    /// <summary>The largest share of lines that are duplicates.</summary>
    public double? MaxDuplicateLines { get; init; } = 0.3;

    /// <summary>The largest share of paragraphs that are duplicates.</summary>
    public double? MaxDuplicateParagraphs { get; init; } = 0.3;

    /// <summary>The largest share of characters in duplicate lines.</summary>
    public double? MaxDuplicateLineCharacters { get; init; } = 0.2;

    /// <summary>The largest share of characters in duplicate paragraphs.</summary>
    public double? MaxDuplicateParagraphCharacters { get; init; } = 0.2;

    /// <summary>The largest share of characters that the commonest n-gram has, for n from 2; empty for none.</summary>
    public IReadOnlyList<double> MaxTopNgrams { get; init; } = [0.20, 0.18, 0.16];

    /// <summary>The largest share of characters in repeated n-grams, for n from 5; empty for none.</summary>
    public IReadOnlyList<double> MaxDuplicateNgrams { get; init; } = [0.15, 0.14, 0.13, 0.12, 0.11, 0.10];
}

/// <summary>
/// The repetition rules of Gopher's MassiveWeb: duplicate lines and paragraphs, the commonest 2- to 4-gram, repeated 5- to 10-grams.
/// <para>
/// As datatrove runs them (the default): the second and later copies count; shares are of all characters; the commonest n-gram is the first of the most frequent, joined
/// with spaces, also where it occurs once (so very short texts are dropped); repeated n-grams are found in one pass that jumps over each repeat, and two are the same when
/// their words written without spaces are.
/// As DCLM runs them: all copies count; shares are of the characters of non-blank lines, or of the words without punctuation; an n-gram that occurs once never drops a text,
/// of equally frequent ones the longest counts; repeated n-grams are the words that any repeated n-gram covers.
/// </para>
/// </summary>
/// <remarks>Characters are code points. A paragraph ends at an empty line.</remarks>
/// <param name="options">The thresholds; null for the defaults.</param>
[Technique("gopher-repetition", Title = "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", Paper = "arXiv:2112.11446")]
public sealed class GopherRepetition(GopherRepetitionOptions? options = null) : IDocumentStep
{
    private static readonly string[] TopRules = [.. Enumerable.Range(0, 9).Select(n => $"share of the commonest {n}-gram")];
    private static readonly string[] DuplicateRules = [.. Enumerable.Range(0, 21).Select(n => $"share of repeated {n}-grams")];
    private readonly GopherRepetitionOptions _options = Checked(options ?? new GopherRepetitionOptions());

    /// <inheritdoc/>
    public string Name => "gopher-repetition";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var ngrams = new NgramRepetition(_options.Variant);
        var lines = new LineRepetition(_options.Variant);
        return document => Judge(document, lines, ngrams);
    }

    private StepResult Judge(Document document, LineRepetition lines, NgramRepetition ngrams)
    {
        var text = TextStructure.Of(document.Text);
        var rules = new RuleBook();
        _ = JudgeLines(ref rules, lines, text) || JudgeNgrams(ref rules, ngrams, text);
        return rules.Result(document);
    }

    private bool JudgeLines(ref RuleBook rules, LineRepetition repetition, TextStructure text)
    {
        var (paragraphs, paragraphCharacters) = repetition.OfParagraphs(text);
        var (lines, lineCharacters) = repetition.OfLines(text);
        return rules.AtMost("duplicate paragraphs", paragraphs, _options.MaxDuplicateParagraphs)
            || rules.AtMost("characters in duplicate paragraphs", paragraphCharacters, _options.MaxDuplicateParagraphCharacters)
            || rules.AtMost("duplicate lines", lines, _options.MaxDuplicateLines)
            || rules.AtMost("characters in duplicate lines", lineCharacters, _options.MaxDuplicateLineCharacters);
    }

    private bool JudgeNgrams(ref RuleBook rules, NgramRepetition repetition, TextStructure text)
    {
        repetition.Begin(text);
        for (var i = 0; i < _options.MaxTopNgrams.Count; i++)
        {
            if (rules.AtMost(TopRules[i + 2], repetition.TopNgram(i + 2), _options.MaxTopNgrams[i])) return true;
        }

        for (var i = 0; i < _options.MaxDuplicateNgrams.Count; i++)
        {
            if (rules.AtMost(DuplicateRules[i + 5], repetition.DuplicateNgrams(i + 5), _options.MaxDuplicateNgrams[i])) return true;
        }

        return false;
    }

    private static GopherRepetitionOptions Checked(GopherRepetitionOptions options) =>
        options.MaxTopNgrams.Count + 2 <= TopRules.Length && options.MaxDuplicateNgrams.Count + 5 <= DuplicateRules.Length
            ? options
            : throw CoppiceException.Usage($"gopher-repetition: at most {TopRules.Length - 2} thresholds of top n-grams and {DuplicateRules.Length - 5} of repeated ones.");
}
