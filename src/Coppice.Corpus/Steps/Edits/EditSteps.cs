namespace Coppice.Corpus.Edits;

/// <summary>The steps that edit documents by programs, by name.</summary>
public static class EditSteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "prox",
            "removes boilerplate, menus, counters and footers by checked edit programs",
            "ProX's idea: an edit is a short program of a few safe calls, checked before it runs, so that no proposer, a model or these rules, can write text of its own. What loses all but 5 % is dropped.",
            MakeProx),
    ];

    private static Prox MakeProx(StepOptions options)
    {
        var byDefault = new ProxOptions();
        options.Choice("proposer", "rules", ["rules"]);
        return new Prox(new RuleProposer(), new ProxOptions
        {
            FaultsToKeepText = options.Integer("faults_to_keep_text", byDefault.FaultsToKeepText, 1),
            DroppedShareLeft = options.Number("dropped_share_left", byDefault.DroppedShareLeft, 0, 1),
            DroppedWordsLeft = options.Integer("dropped_words_left", byDefault.DroppedWordsLeft, 0),
        });
    }
}
