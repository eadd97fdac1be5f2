using Coppice.Continual.Updates;
using Coppice.Models;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

[Collection(UpdateCollection.Name)]
public sealed class UpdateGateTests(UpdateWorld world)
{
    // Without replay and with large steps the old language is overwritten.
    private static readonly string[] Forgetful = ["replay.share=0", "optimizer.learning_rate=0.03", "gate.max_forgetting=0.02"];

    [Fact]
    public void An_update_that_forgets_is_refused_and_kept_aside_with_its_report()
    {
        var before = UpdateWorld.FilesOf(world.At("base"));
        var result = world.Update("refused", world.Parent, world.New, [.. Forgetful, "protection.interpolate=never"]);
        Assert.False(result.Accepted);
        Assert.Equal(world.Parent, result.Model);
        Assert.Equal(world.At("refused/candidate"), result.Candidate);
        Assert.False(Directory.Exists(world.At("refused/model")));
        Assert.Equal(before, UpdateWorld.FilesOf(world.At("base")));
        Assert.Contains(result.Verdict!.Bars, bar => bar is { Broken: true, Name: "forgetting of old" });
        Assert.NotEmpty(result.Verdict.Advice);
        var page = File.ReadAllText(world.At("refused/report.html"));
        Assert.Contains("Refused: the parent stays the released model.", page, StringComparison.Ordinal);
        Assert.Contains("forgetting of old", page, StringComparison.Ordinal);
        Assert.Equal(ModelDirectory.Fingerprint(world.Parent), UpdateWorld.ProvenanceOf(result.Candidate!).Parent!.Fingerprint);
    }

    [Fact]
    public void A_point_on_the_way_from_the_parent_passes_where_the_update_does_not()
    {
        // The bar is set where the update breaks it and half the way to it does not.
        var update = world.Update("whole-way", world.Parent, world.New, [.. Forgetful, "protection.interpolate=never", "training.steps=12"]);
        var limit = FormattableString.Invariant($"gate.max_forgetting={update.Sources[0].ChangePercent / 100 * 0.7}");
        var result = world.Update("part-of-the-way", world.Parent, world.New, [.. Forgetful, limit, "training.steps=12", "gate.max_forgetting_overall=1e6"]);
        Assert.True(result.Accepted);
        Assert.InRange(result.ChildWeight, 0.3, 0.9);
        Assert.True(result.Sources[0].ChangePercent < update.Sources[0].ChangePercent);
        Assert.True(result.Sources[1].ChangePercent < 0);
        Assert.NotEqual(UpdateWorld.WeightsOf(update.Candidate ?? update.Model), UpdateWorld.WeightsOf(result.Model));
    }

    [Fact]
    public void Where_no_point_passes_the_update_itself_is_the_candidate()
    {
        var whole = world.Update("nowhere-never", world.Parent, world.New, [.. Forgetful, "gate.min_gain=0.99", "protection.interpolate=never"]);
        var result = world.Update("nowhere", world.Parent, world.New, [.. Forgetful, "gate.min_gain=0.99"]);
        Assert.Equal((false, 1.0), (result.Accepted, result.ChildWeight));
        Assert.Equal(UpdateWorld.WeightsOf(whole.Candidate!), UpdateWorld.WeightsOf(result.Candidate!));
        Assert.Contains(result.Verdict!.Bars, bar => bar is { Broken: true, Name: "gain on new" });
    }

    [Fact]
    public void A_scan_takes_the_point_with_the_most_gain()
    {
        var result = world.Update("scan", world.Parent, world.New, "protection.interpolate=scan");
        Assert.True(result.Accepted);
        Assert.True(result.Sources[1].ChangePercent <= world.First.Sources[1].ChangePercent + 0.5);
    }

    [Fact]
    public void Flips_and_facts_are_counted_and_judged()
    {
        var pairs = world.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 6).Select(i => $$"""{"good": "{{"ptkmn"[i % 5]}}a pe", "bad": "zz{{i}}"}""" + "\n")));
        var facts = world.Write("facts.jsonl", """{"subject": "pa", "prompt": "pa te", "answer": " ko"}""" + "\n");
        var result = world.Update("probes", world.Parent, world.New, $"evaluation.pairs={pairs}", $"evaluation.facts={facts}", "evaluation.memorisation=true");
        Assert.Equal(6, result.Flips!.Items);
        Assert.NotNull(result.Facts);
        Assert.Contains(result.Verdict!.Bars, bar => bar.Name == "negative flips");
        Assert.Contains("trained documents told from held-out ones", File.ReadAllText(world.At("probes/report.html")), StringComparison.Ordinal);
    }
}
