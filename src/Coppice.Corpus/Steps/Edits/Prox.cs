using Coppice.Foundation;

namespace Coppice.Corpus.Edits;

/// <summary>When <see cref="Prox"/> believes a program, and when nothing worth keeping is left.</summary>
public sealed record ProxOptions
{
    /// <summary>From so many faults (lines that are no edit, edits that are refused) on, the text is kept as it was.</summary>
    public int FaultsToKeepText { get; init; } = 2;

    /// <summary>The largest share of its words that may be left of a document that is dropped for it.</summary>
    public double DroppedShareLeft { get; init; } = 0.05;

    /// <summary>The most words that may be left of a document that is dropped for it.</summary>
    public int DroppedWordsLeft { get; init; } = 10;
}

/// <summary>
/// Edits documents by programs that a proposer writes for each, as ProX does: drop the document, remove lines, replace text. Programs with two faults or more are not carried
/// out; documents of which hardly anything is left are dropped.
/// </summary>
/// <remarks>Words are stretches without white space.</remarks>
/// <param name="proposer">Writes the programs; null for the rules of <see cref="RuleProposer"/>.</param>
/// <param name="options">When to believe them; null for the defaults.</param>
[Technique("prox", Title = "Programming Every Example: Lifting Pre-training Data Quality Like Experts at Scale", Paper = "arXiv:2409.17115")]
public sealed class Prox(IEditProposer? proposer = null, ProxOptions? options = null) : IDocumentStep
{
    private readonly IEditProposer _proposer = proposer ?? new RuleProposer();
    private readonly ProxOptions _options = options ?? new ProxOptions();

    /// <inheritdoc/>
    public string Name => "prox";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var propose = _proposer.Begin();
        return document => Edit(document, propose(document));
    }

    private StepResult Edit(Document document, EditProgram program)
    {
        var outcome = EditExecutor.Apply(document.Text, program);
        if (outcome.Text is not { } text) return StepResult.Drop("the edit program drops it");
        var faults = program.Malformed + outcome.Refused;
        if (faults >= _options.FaultsToKeepText) return StepResult.Rewrite(document, [.. Faults(program, outcome), new ReasonCount("documents whose program was not carried out", 1)]);
        if (outcome.LinesRemoved + outcome.Replacements == 0) return faults == 0 ? StepResult.Keep(document) : StepResult.Rewrite(document, [.. Faults(program, outcome)]);
        var before = CountWords(document.Text);
        var left = CountWords(text);
        if (left <= before * _options.DroppedShareLeft || left <= _options.DroppedWordsLeft)
        {
            return StepResult.Drop("hardly anything is left after the edits", new Measurement("words left", left, Math.Max(before * _options.DroppedShareLeft, _options.DroppedWordsLeft)));
        }

        List<ReasonCount> changes = [.. Faults(program, outcome)];
        if (outcome.LinesRemoved > 0) changes.Add(new ReasonCount("lines removed", outcome.LinesRemoved));
        if (outcome.Replacements > 0) changes.Add(new ReasonCount("texts replaced", outcome.Replacements));
        return StepResult.Rewrite(document with { Text = text }, changes);
    }

    private static IEnumerable<ReasonCount> Faults(EditProgram program, EditOutcome outcome) =>
        new ReasonCount[]
        {
            new("edits refused: not understood", program.Malformed),
            new("edits refused: lines that are not there", outcome.OutOfRange),
            new("edits refused: overlapping another", outcome.Overlapping),
            new("edits refused: text that does not occur", outcome.NotMatching),
            new("edits refused: too many", outcome.TooMany),
        }.Where(fault => fault.Count > 0);

    private static int CountWords(string text)
    {
        var count = 0;
        var inWord = false;
        foreach (var unit in text)
        {
            var isSpace = char.IsWhiteSpace(unit);
            if (!isSpace && !inWord) count++;
            inWord = !isSpace;
        }

        return count;
    }
}
