using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The thresholds of <see cref="FineWebQuality"/>; null switches a rule off.</summary>
public sealed record FineWebQualityOptions
{
    /// <summary>The smallest share of lines that end in terminal punctuation.</summary>
    public double? MinPunctuatedLines { get; init; } = 0.12;

    /// <summary>The most code points of a line that is short.</summary>
    public int ShortLineLength { get; init; } = 30;

    /// <summary>The largest share of lines that are short.</summary>
    public double? MaxShortLines { get; init; } = 0.67;

    /// <summary>The largest share of characters in lines that the text has already.</summary>
    public double? MaxDuplicateCharacters { get; init; } = 0.01;

    /// <summary>The most line ends a token.</summary>
    public double? MaxNewlinesPerWord { get; init; } = 0.3;
}

/// <summary>
/// The rules that FineWeb adds to Gopher's and C4's, as datatrove runs them: lines that end in terminal punctuation, short lines, characters in repeated lines, line ends a
/// word. Lines are those that are not blank; the end mark must be the very last character; the second and later copies of a line are repeated, and their share is of all
/// characters but LF.
/// </summary>
/// <param name="options">The thresholds; null for the defaults.</param>
[Technique("fineweb-quality", Title = "The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale", Paper = "arXiv:2406.17557")]
public sealed class FineWebQuality(FineWebQualityOptions? options = null) : IDocumentStep
{
    private readonly FineWebQualityOptions _options = options ?? new FineWebQualityOptions();

    /// <inheritdoc/>
    public string Name => "fineweb-quality";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var seen = new HashCounter();
        return document => Judge(document, seen);
    }

    private StepResult Judge(Document document, HashCounter seen)
    {
        var text = TextStructure.Of(document.Text);
        var shape = LineShape.Of(text, _options.ShortLineLength, seen);
        if (shape.Lines == 0) return StepResult.Drop("no text");
        var rules = new RuleBook();
        _ = rules.AtLeast("lines that end in punctuation", shape.Punctuated, _options.MinPunctuatedLines)
            || rules.AtMost("short lines", shape.Short, _options.MaxShortLines)
            || rules.AtMost("characters in repeated lines", shape.DuplicateCharacters, _options.MaxDuplicateCharacters)
            || rules.AtMost("line ends a word", shape.NewlinesPerWord, _options.MaxNewlinesPerWord);
        return rules.Result(document);
    }
}
