using System.Buffers;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>Whose reading of the C4 rules is run.</summary>
public enum C4Variant
{
    /// <summary>The reference, as TensorFlow Datasets runs it: at least 5 words a line and 3 sentences; end marks . ? ! ".</summary>
    Tfds,

    /// <summary>As datatrove runs it: at least 3 words a line and 5 sentences; ' is an end mark too.</summary>
    Datatrove,
}

/// <summary>The rules of <see cref="C4"/>.</summary>
public sealed record C4Options
{
    /// <summary>Whose reading of the rules: what <see cref="MinWordsPerLine"/> and <see cref="MinSentences"/> are where they are not given, and the end marks.</summary>
    public C4Variant Variant { get; init; } = C4Variant.Tfds;

    /// <summary>Whether a line must end in an end mark. FineWeb runs C4 without this rule.</summary>
    public bool RequireTerminalPunctuation { get; init; } = true;

    /// <summary>The fewest words of a line; null for the variant's.</summary>
    public int? MinWordsPerLine { get; init; }

    /// <summary>The fewest sentences of a document; null for the variant's.</summary>
    public int? MinSentences { get; init; }

    /// <summary>The longest word, in code points, of a line that is kept.</summary>
    public int MaxWordLength { get; init; } = 1000;

    /// <summary>Whether a document with an opening brace in a line is dropped: pages of code.</summary>
    public bool DropWithBrace { get; init; } = true;

    /// <summary>Whether lines that mention JavaScript are removed.</summary>
    public bool RemoveJavaScript { get; init; } = true;

    /// <summary>Whether lines that mention cookies or policies are removed.</summary>
    public bool RemovePolicies { get; init; } = true;
}

/// <summary>
/// The rules of C4, line by line: removes lines with a word of over 1,000 characters, lines without an end mark, short lines, lines about JavaScript, cookies and policies;
/// removes the marks of citations; drops documents with "lorem ipsum", with an opening brace, or with too few sentences. The lines that stay are trimmed and joined by one LF.
/// </summary>
/// <remarks>
/// The order of the rules is that of the implementations, and so is that a mark of a citation after a space leaves the space, which is no end mark. Words are stretches
/// without white space; sentences are counted by <see cref="Sentences"/>. The reference is the default.
/// </remarks>
/// <param name="options">The rules; null for the defaults.</param>
[Technique("c4", Title = "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", Paper = "arXiv:1910.10683")]
public sealed class C4(C4Options? options = null) : IDocumentStep
{
    private static readonly SearchValues<string> LoremIpsum = SearchValues.Create(["lorem ipsum"], StringComparison.OrdinalIgnoreCase);
    private static readonly SearchValues<string> JavaScript = SearchValues.Create(["javascript"], StringComparison.OrdinalIgnoreCase);
    private static readonly SearchValues<string> Policies = SearchValues.Create(
        ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"], StringComparison.OrdinalIgnoreCase);

    private readonly C4Options _options = options ?? new C4Options();
    private readonly int _minWords = options?.MinWordsPerLine ?? (options?.Variant == C4Variant.Datatrove ? 3 : 5);
    private readonly int _minSentences = options?.MinSentences ?? (options?.Variant == C4Variant.Datatrove ? 5 : 3);
    private readonly string _endMarks = options?.Variant == C4Variant.Datatrove ? ".?!\"'" : ".?!\"";

    /// <inheritdoc/>
    public string Name => "c4";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var kept = new StringBuilder();
        return document => Judge(document, kept);
    }

    private enum Verdict
    {
        Keep,
        LongWord,
        NoEndMark,
        FewWords,
        LoremIpsum,
        JavaScript,
        Brace,
        Policy,
    }

    private StepResult Judge(Document document, StringBuilder kept)
    {
        var text = document.Text;
        // A phrase that the whole text doesn't have needs no look at each line.
        var present = new Present(
            text.Contains('{') && _options.DropWithBrace,
            text.Contains('['),
            text.AsSpan().ContainsAny(LoremIpsum),
            _options.RemoveJavaScript && text.AsSpan().ContainsAny(JavaScript),
            _options.RemovePolicies && text.AsSpan().ContainsAny(Policies));
        kept.Clear();
        Span<int> removed = stackalloc int[(int)Verdict.Policy + 1];
        var citations = 0;
        var sentences = 0;
        foreach (ref readonly var line in TextStructure.Of(text).Lines)
        {
            var content = text.AsSpan(line.TrimmedStart, line.TrimmedEnd - line.TrimmedStart);
            if (content.IsEmpty) continue;
            string? cited = null;
            var words = Boilerplate.CountWords(content, _minWords);
            var verdict = HasLongWord(content) ? Verdict.LongWord : Verdict.Keep;
            if (verdict == Verdict.Keep)
            {
                if (present.Bracket && (cited = Citations.Remove(content)) is not null)
                {
                    content = cited;
                    citations++;
                    if (_options.Variant == C4Variant.Tfds) words = Boilerplate.CountWords(content, _minWords);
                }

                verdict = JudgeLine(content, words, present);
            }

            if (verdict == Verdict.LoremIpsum) return StepResult.Drop("lorem ipsum");
            if (verdict == Verdict.Brace) return StepResult.Drop("opening brace");
            if (verdict != Verdict.Keep)
            {
                removed[(int)verdict]++;
                continue;
            }

            if (sentences < _minSentences) sentences += Sentences.Count(content, _minSentences - sentences);
            if (kept.Length > 0) kept.Append('\n');
            kept.Append(content);
        }

        if (sentences < _minSentences) return StepResult.Drop("too few sentences", new Measurement("sentences", sentences, _minSentences));
        while (kept.Length > 0 && char.IsWhiteSpace(kept[^1])) kept.Length--;
        return kept.Equals(text.AsSpan()) ? StepResult.Keep(document) : StepResult.Rewrite(document with { Text = kept.ToString() }, Changes(removed, citations));
    }

    private readonly record struct Present(bool Brace, bool Bracket, bool LoremIpsum, bool JavaScript, bool Policy);

    private Verdict JudgeLine(ReadOnlySpan<char> line, int words, Present present)
    {
        if (_options.RequireTerminalPunctuation && (line.IsEmpty || !_endMarks.Contains(line[^1]) || line.EndsWith("..."))) return Verdict.NoEndMark;
        if (words < _minWords) return Verdict.FewWords;
        if (present.LoremIpsum && line.ContainsAny(LoremIpsum)) return Verdict.LoremIpsum;
        if (present.JavaScript && line.ContainsAny(JavaScript)) return Verdict.JavaScript;
        if (present.Brace && line.Contains('{')) return Verdict.Brace;
        return present.Policy && line.ContainsAny(Policies) ? Verdict.Policy : Verdict.Keep;
    }

    private bool HasLongWord(ReadOnlySpan<char> line)
    {
        if (line.Length <= _options.MaxWordLength) return false;
        var length = 0;
        foreach (var unit in line)
        {
            if (char.IsWhiteSpace(unit)) length = 0;
            else if (!char.IsLowSurrogate(unit) && ++length > _options.MaxWordLength) return true;
        }

        return false;
    }

    private static List<ReasonCount> Changes(ReadOnlySpan<int> removed, int citations)
    {
        var changes = new List<ReasonCount>();
        Add(changes, "lines with a very long word", removed[(int)Verdict.LongWord]);
        Add(changes, "lines without an end mark", removed[(int)Verdict.NoEndMark]);
        Add(changes, "lines of few words", removed[(int)Verdict.FewWords]);
        Add(changes, "lines about JavaScript", removed[(int)Verdict.JavaScript]);
        Add(changes, "lines about cookies and policies", removed[(int)Verdict.Policy]);
        Add(changes, "lines with citation marks removed", citations);
        return changes;
    }

    private static void Add(List<ReasonCount> changes, string what, int count)
    {
        if (count > 0) changes.Add(new ReasonCount(what, count));
    }
}
