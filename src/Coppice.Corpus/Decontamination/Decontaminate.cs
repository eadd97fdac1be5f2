using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Decontamination;

/// <summary>What becomes of a document that repeats an evaluation item.</summary>
public enum DecontaminationMode
{
    /// <summary>The document is dropped.</summary>
    Drop,

    /// <summary>The passage is cut out, with a margin on both sides.</summary>
    Cut,
}

/// <summary>How <see cref="Decontaminate"/> works.</summary>
public sealed record DecontaminateOptions
{
    /// <summary>The evaluation sets; see <see cref="EvaluationItems"/>.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>The fields of JSON lines whose texts count; none for all.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Words in a row that an item and a document must share.</summary>
    public int Words { get; init; } = 13;

    /// <summary>A shorter item counts where all its words are found in a row, if it has this many.</summary>
    public int MinimumWords { get; init; } = 5;

    /// <summary>What becomes of a document.</summary>
    public DecontaminationMode Mode { get; init; } = DecontaminationMode.Drop;

    /// <summary>UTF-16 units that are cut away before and behind a passage with it.</summary>
    public int Margin { get; init; } = 200;

    /// <summary>A document that would be cut in more places is dropped.</summary>
    public int MaximumCuts { get; init; } = 10;

    /// <summary>
    /// A file that each hit is appended to as a JSON line: document, item, passage. Empty for none. The order of the lines within a run depends on the threads; a later run appends.
    /// </summary>
    public string HitsFile { get; init; } = "";
}

/// <summary>
/// Drops documents that repeat an evaluation item, or cuts the passages out. An item is found by 13 words in a row, as GPT-3 did (there with 13 as the longest n-gram; cut with 200
/// characters around, dropped where more than ten cuts were needed); an item of 5 to 12 words by all of them in a row. Words are compared without case, accents and punctuation.
/// </summary>
[Technique("n-gram-decontamination", Title = "Language Models are Few-Shot Learners", Paper = "arXiv:2005.14165")]
public sealed class Decontaminate : IDocumentStep
{
    private const string Rule = "words of an evaluation item";
    private readonly DecontaminateOptions _options;
    private readonly EvaluationIndex _index;
    private readonly HitsFile? _hits;

    /// <summary>Reads the evaluation sets.</summary>
    /// <param name="options">How it works.</param>
    /// <exception cref="CoppiceException">A file can't be read or holds nothing to look for.</exception>
    public Decontaminate(DecontaminateOptions options)
    {
        if (options.Files.Count == 0) throw CoppiceException.Usage("decontaminate: there is no evaluation set; name the files of items to look for");
        if (options.MinimumWords > options.Words) throw CoppiceException.Usage(FormattableString.Invariant($"decontaminate: min_words ({options.MinimumWords}) is above words ({options.Words})"));
        _options = options;
        _index = new EvaluationIndex(options.Files.SelectMany(file => EvaluationItems.Read(file, options.Fields)), options.Words, options.MinimumWords);
        _hits = options.HitsFile.Length > 0 ? new HitsFile(options.HitsFile) : null;
    }

    /// <inheritdoc/>
    public string Name => "decontaminate";

    /// <summary>What is looked for.</summary>
    public EvaluationIndex Index => _index;

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var state = new NgramWindows.State(_index.Words);
        var hits = new List<EvaluationHit>();
        return document =>
        {
            hits.Clear();
            _index.Find(document.Text, hits, state);
            if (hits.Count == 0) return StepResult.Keep(document);
            _hits?.Append(document, hits);
            return _options.Mode == DecontaminationMode.Drop ? Drop(hits, $"holds an item of {hits[0].Set}") : Cut(document, hits);
        };
    }

    private StepResult Cut(Document document, List<EvaluationHit> hits)
    {
        var text = document.Text;
        var kept = new StringBuilder(text.Length);
        var (cuts, from, i) = (0, 0, 0);
        while (i < hits.Count)
        {
            var (start, end) = Widened(text, hits[i]);
            for (i++; i < hits.Count && Widened(text, hits[i]) is var next && next.Start <= end; i++) end = Math.Max(end, next.End);
            Keep(text.AsSpan(from, Math.Max(0, start - from)));
            from = end;
            cuts++;
        }

        Keep(text.AsSpan(from));
        if (cuts > _options.MaximumCuts) return Drop(hits, "holds too many evaluation items to cut out");
        if (kept.Length == 0) return Drop(hits, "holds little but evaluation items");
        var changes = hits.GroupBy(hit => hit.Set, StringComparer.Ordinal).Select(set => new ReasonCount($"items of {set.Key} cut out", set.Count()));
        return StepResult.Rewrite(document with { Text = kept.ToString() }, [.. changes]);

        // What was apart stays apart: the ends of a cut are no sentence.
        void Keep(ReadOnlySpan<char> piece)
        {
            if (piece.IsWhiteSpace()) return;
            if (kept.Length > 0) kept.Append("\n\n");
            kept.Append(piece);
        }
    }

    private (int Start, int End) Widened(string text, EvaluationHit hit)
    {
        var (start, end) = (Math.Max(0, hit.Start - _options.Margin), (int)Math.Min(text.Length, (long)hit.End + _options.Margin));
        if (start > 0 && char.IsLowSurrogate(text[start])) start--;
        if (end < text.Length && char.IsLowSurrogate(text[end])) end++;
        return (start, end);
    }

    private StepResult Drop(List<EvaluationHit> hits, string reason) => StepResult.Drop(reason, new Measurement(Rule, hits.Max(hit => hit.Words), _options.MinimumWords));
}
