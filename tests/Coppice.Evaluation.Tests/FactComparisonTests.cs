namespace Coppice.Evaluation.Tests;

public class FactComparisonTests
{
    [Fact]
    public void Flips_are_counted_by_kind_and_in_all()
    {
        var facts = Facts((ClozeFact.Invariant, 6), (ClozeFact.Updated, 4), (ClozeFact.New, 2), (null, 1));
        //                         invariant            updated     new      none
        var before = Evaluation(facts, "111100" + "1000" + "00" + "1");
        var after = Evaluation(facts, "110010" + "1110" + "00" + "1");
        var comparison = FactComparison.Of(before, after);
        Assert.Equal((2, 2, 1, 1), Counts(comparison.Kinds[ClozeFact.Invariant]));
        Assert.Equal((1, 0, 2, 1), Counts(comparison.Kinds[ClozeFact.Updated]));
        Assert.Equal((0, 0, 0, 2), Counts(comparison.Kinds[ClozeFact.New]));
        Assert.Equal((4, 2, 3, 4), Counts(comparison.Total));
        Assert.Equal([ClozeFact.Invariant, ClozeFact.New, ClozeFact.Updated], comparison.Kinds.Keys);
        // PFR - NFR is the change of accuracy, exactly.
        Assert.Equal(comparison.Total.KnownAfter - comparison.Total.KnownBefore, comparison.Total.Gained - comparison.Total.Lost);
        Assert.Equal(1.0 / 13, comparison.Total.Flips.AccuracyChange, 12);
        Assert.Equal(2.0 / 6, comparison.Total.Flips.NegativeImpact);
        // One invariant fact fewer, two updated ones more.
        Assert.Equal(new Fuar(1, 2), comparison.Fuar);
        Assert.Equal(0.5, comparison.Fuar.Ratio);
    }

    [Fact]
    public void A_model_compared_with_itself_has_changed_nothing_and_there_is_no_ratio()
    {
        var facts = Facts((ClozeFact.Updated, 3), (ClozeFact.Invariant, 3));
        var evaluation = Evaluation(facts, "101011");
        var comparison = FactComparison.Of(evaluation, evaluation);
        Assert.Equal((4, 0, 0, 2), Counts(comparison.Total));
        Assert.Equal(1, comparison.Total.Flips.PValue);
        Assert.True(comparison.Fuar.NoneGained);
        Assert.Null(comparison.Fuar.Ratio);
    }

    [Theory]
    // FUAR on tables made by hand: sets to keep, sets to learn.
    [InlineData(0.0, 100, 100, 10, 20)]
    [InlineData(1.0, 100, 90, 10, 20)]
    [InlineData(2.0, 100, 80, 10, 20)]
    [InlineData(null, 100, 80, 10, 10)]
    [InlineData(null, 100, 80, 10, 5)]
    public void Fuar_is_forgotten_for_won(double? expected, double keptBefore, double keptAfter, double learntBefore, double learntAfter) =>
        Assert.Equal(expected, Fuar.Of([(keptBefore, keptAfter)], [(learntBefore, learntAfter)]).Ratio);

    [Fact]
    public void In_fuar_one_set_does_not_make_up_for_another()
    {
        var fuar = Fuar.Of([(10, 5), (10, 15)], [(0, 4), (4, 0)]);
        Assert.Equal(new Fuar(5, 4), fuar);
    }

    [Fact]
    public void New_beats_obsolete_by_log_probability_per_token_and_swapping_them_turns_it_around()
    {
        var facts = Facts((ClozeFact.Updated, 2));
        // Two tokens of -1 each against one of -1.5: less probable as a whole, more per token.
        var forward = new FactScore(facts[0], -2, 2, false, null, 0, -1.5);
        var swapped = new FactScore(facts[1], -1.5, 1, false, null, 0, -1);
        Assert.True(forward.BeatsObsolete);
        Assert.False(swapped.BeatsObsolete);
        var comparison = FactComparison.Of(FactEvaluation.Of([swapped with { Fact = facts[0] }, swapped]), FactEvaluation.Of([forward, swapped]));
        Assert.Equal((2, 0, 1), (comparison.Total.Changeable, comparison.Total.ChangedBefore, comparison.Total.ChangedAfter));
    }

    [Fact]
    public void Recognition_is_the_share_of_candidates_that_are_beaten_and_never_below_recall()
    {
        var fact = Facts((null, 1))[0];
        Assert.Equal(1, new FactScore(fact, -1, 1, false, 1, 5, null).Recognition);
        Assert.Equal(0.5, new FactScore(fact, -1, 1, false, 3, 5, null).Recognition);
        Assert.Equal(0, new FactScore(fact, -1, 1, false, 5, 5, null).Recognition);
        var summary = FactSummary.Of([new FactScore(fact, -1, 1, false, 1, 5, null), new FactScore(fact, -3, 1, true, 3, 5, null)]);
        Assert.Equal(new FactSummary(2, 0.5, 0.5, 0.2, 0.75, 2, -2, null), summary);
    }

    [Fact]
    public void Models_that_were_asked_for_different_facts_are_not_compared() => Assert.Throws<ArgumentException>(
        () => FactComparison.Of(Evaluation(Facts((null, 2)), "11"), Evaluation(Facts((null, 2)), "11")));

    private static (int Kept, int Lost, int Gained, int Never) Counts(FactChanges changes) => (changes.Kept, changes.Lost, changes.Gained, changes.NeverKnown);

    private static ClozeFact[] Facts(params (string? Kind, int Count)[] kinds) =>
        [.. kinds.SelectMany(kind => Enumerable.Range(0, kind.Count).Select(i => new ClozeFact($"{kind.Kind} {i}", "p", "a") { Kind = kind.Kind }))];

    private static FactEvaluation Evaluation(ClozeFact[] facts, string known) =>
        FactEvaluation.Of([.. facts.Zip(known, (fact, k) => new FactScore(fact, -1, 1, k == '1', null, 0, null))]);
}
