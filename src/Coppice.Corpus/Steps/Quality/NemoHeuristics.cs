using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The thresholds of <see cref="NemoHeuristics"/>; null switches a rule off.</summary>
public sealed record NemoHeuristicsOptions
{
    /// <summary>The largest share of characters that are no letters, digits, line ends or one of ? ! , .</summary>
    public double? MaxNonAlphanumeric { get; init; } = 0.25;

    /// <summary>The largest share of characters that are digits.</summary>
    public double? MaxDigits { get; init; } = 0.15;

    /// <summary>The largest share of characters in URLs.</summary>
    public double? MaxUrlCharacters { get; init; } = 0.2;

    /// <summary>The largest share of characters that are white space.</summary>
    public double? MaxWhiteSpace { get; init; } = 0.25;

    /// <summary>The largest share of characters that are round brackets.</summary>
    public double? MaxParentheses { get; init; } = 0.1;

    /// <summary>The longest word.</summary>
    public double? MaxWordLength { get; init; } = 1000;

    /// <summary>The largest share of paragraphs with a notice such as "privacy policy" or "terms of use".</summary>
    public double? MaxBoilerplateParagraphs { get; init; } = 0.4;

    /// <summary>The largest share of lines without an end mark.</summary>
    public double? MaxLinesWithoutEndMark { get; init; } = 0.85;
}

/// <summary>
/// Those of NeMo Curator's heuristic rules that Gopher's don't have already: shares of characters that are no letters, digits, in URLs, white space, brackets; very long words;
/// paragraphs of boilerplate; lines without an end mark.
/// </summary>
/// <remarks>Characters and lengths are UTF-16 units; a word is a stretch without white space; lines and paragraphs that are blank don't count.</remarks>
/// <param name="options">The thresholds; null for the defaults.</param>
[Technique("nemo-heuristics", Title = "Nemotron-4 15B Technical Report (the heuristic filters of NeMo Curator)", Paper = "arXiv:2402.16819")]
public sealed class NemoHeuristics(NemoHeuristicsOptions? options = null) : IDocumentStep
{
    private readonly NemoHeuristicsOptions _options = options ?? new NemoHeuristicsOptions();

    /// <inheritdoc/>
    public string Name => "nemo-heuristics";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => Judge;

    private StepResult Judge(Document document)
    {
        var text = document.Text;
        if (text.Length == 0) return StepResult.Drop("no text");
        var rules = new RuleBook();
        _ = JudgeCharacters(ref rules, text) || JudgeLines(ref rules, TextStructure.Of(text));
        return rules.Result(document);
    }

    private bool JudgeCharacters(ref RuleBook rules, string text)
    {
        var others = 0;
        var digits = 0;
        var spaces = 0;
        var brackets = 0;
        var longestWord = 0;
        var word = 0;
        foreach (var unit in text)
        {
            word = char.IsWhiteSpace(unit) ? 0 : word + 1;
            longestWord = Math.Max(longestWord, word);
            if (char.IsDigit(unit)) digits++;
            else if (!char.IsLetter(unit) && unit is not ('\n' or '?' or '!' or ',' or '.')) others++;
            if (char.IsWhiteSpace(unit)) spaces++;
            if (unit is '(' or ')') brackets++;
        }

        double length = text.Length;
        return rules.AtMost("characters that are not alphanumeric", others / length, _options.MaxNonAlphanumeric) || rules.AtMost("digits", digits / length, _options.MaxDigits)
            || rules.AtMost("characters in URLs", UrlCharacters(text) / length, _options.MaxUrlCharacters) || rules.AtMost("white space", spaces / length, _options.MaxWhiteSpace)
            || rules.AtMost("round brackets", brackets / length, _options.MaxParentheses) || rules.AtMost("longest word", longestWord, _options.MaxWordLength);
    }

    private bool JudgeLines(ref RuleBook rules, TextStructure text)
    {
        const string EndMarks = ".!?\"'。！？”’)";
        var lines = 0;
        var open = 0;
        var paragraphs = 0;
        var notices = 0;
        var inParagraph = false;
        var hasNotice = false;
        foreach (ref readonly var line in text.Lines)
        {
            if (line.IsBlank)
            {
                inParagraph = false;
                continue;
            }

            var content = text.Text.AsSpan(line.TrimmedStart, line.TrimmedEnd - line.TrimmedStart);
            lines++;
            if (!EndMarks.Contains(content[^1])) open++;
            if (!inParagraph)
            {
                paragraphs++;
                hasNotice = false;
            }

            inParagraph = true;
            if (!hasNotice && Boilerplate.HasNotice(content))
            {
                hasNotice = true;
                notices++;
            }
        }

        return rules.AtMost("paragraphs of boilerplate", paragraphs == 0 ? 0 : (double)notices / paragraphs, _options.MaxBoilerplateParagraphs)
            || rules.AtMost("lines without an end mark", lines == 0 ? 0 : (double)open / lines, _options.MaxLinesWithoutEndMark);
    }

    private static int UrlCharacters(ReadOnlySpan<char> text)
    {
        var characters = 0;
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOf("://");
            if (next < 0) break;
            var start = i + next;
            while (start > i && char.IsAsciiLetter(text[start - 1])) start--;
            var end = i + next + 3;
            while (end < text.Length && !char.IsWhiteSpace(text[end])) end++;
            characters += end - start;
            i = end;
        }

        return characters;
    }
}
