using Coppice.Continual.Replay;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Models;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

[Collection(UpdateCollection.Name)]
public sealed class UpdateReplayTests(UpdateWorld world)
{
    private static readonly string[] AnyForgetting = ["gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6"];

    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    public void Kept_documents_replace_old_data_that_is_gone(string share)
    {
        var name = "keeper" + share;
        var parent = world.CopyOfParent(name + "-base");
        var first = world.Update(name, parent, world.New, [.. AnyForgetting, "replay.budget_bytes=20000", "replay.share=" + share]);
        var buffer = ReplayBuffer.Load(Path.Combine(first.Model, "replay"));
        Assert.InRange(buffer.Bytes, 15_000, 20_000);
        Assert.Equal(["new", "old"], buffer.Sources.Select(source => source.Name));
        Assert.Equal(["new", "old"], buffer.HeldOut.Keys.Order(StringComparer.Ordinal));

        Directory.Delete(world.At(name + "-base/data"), recursive: true);
        Directory.Delete(world.At(name + "/data"), recursive: true);
        var notices = new List<string>();
        var second = world.Run(name + "-next", world.RecipeFor(first.Model, world.Next, [.. AnyForgetting, "replay.budget_bytes=20000"]), notice: notices.Add);
        Assert.Contains(notices, line => line.StartsWith("replaying from the documents kept in", StringComparison.Ordinal));
        Assert.Equal(["old", "new", "next"], second.Sources.Select(source => source.Name));
        Assert.True(second.ReplayShare > 0);
        // What it is judged on is the same text.
        Assert.Equal(first.Sources[0].BitsPerByteAfter, second.Sources[0].BitsPerByteBefore, 1e-9);
        Assert.Equal(3, ReplayBuffer.Load(Path.Combine(second.Model, "replay")).Sources.Count);

        // And once more: the paths in coppice.json lead nowhere by now.
        var third = world.Update(name + "-last", second.Model, world.Write("text/last.jsonl", new ToyLanguage(4, "cqwxy").JsonLines(100)), AnyForgetting);
        Assert.Equal(4, third.Sources.Count);
    }

    [Fact]
    public void A_parent_without_kept_documents_says_so()
    {
        var error = Assert.Throws<CoppiceException>(() => world.Update("no-buffer", world.Parent, world.New, "replay.from=buffer"));
        Assert.Contains("--replay-budget", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_parent_writes_text_to_replay_and_that_is_remembered_as_written()
    {
        var result = world.Update("written", world.Parent, world.New, [.. AnyForgetting, "replay.from=generated", "replay.generated_tokens=1500"]);
        var provenance = UpdateWorld.ProvenanceOf(result.Candidate ?? result.Model);
        var generated = Assert.Single(provenance.Sources, source => source.Generated);
        Assert.Equal(GeneratedReplay.SourceName, generated.Name);
        Assert.Null(generated.Store);
        Assert.True(generated.Tokens >= 1500);
        Assert.Equal(["old", "new"], result.Sources.Select(source => source.Name));

        var next = world.Update("written-again", result.Model, world.Next, [.. AnyForgetting, "replay.from=generated", "replay.generated_tokens=1500", "replay.budget_bytes=10000"]);
        Assert.Equal(["old", "new", "next"], next.Sources.Select(source => source.Name));
        Assert.DoesNotContain(ReplayBuffer.Load(Path.Combine(next.Model, "replay")).Sources, source => source.Name == GeneratedReplay.SourceName);
    }

    [Fact]
    public void A_model_from_elsewhere_takes_given_text_or_what_it_writes_or_none()
    {
        var parent = world.CopyOfParent("elsewhere-model");
        File.Delete(Path.Combine(parent, Provenance.FileName));
        var notices = new List<string>();
        var none = world.Run("elsewhere-none", world.RecipeFor(parent, world.New, Shape), notice: notices.Add);
        Assert.Contains(notices, line => line.StartsWith("warning: there is no old text to replay", StringComparison.Ordinal));
        Assert.Equal((0.0, "new"), (none.ReplayShare, Assert.Single(none.Sources).Name));

        var recipe = world.RecipeFor(parent, world.New, Shape);
        var given = world.Run("elsewhere-given", recipe with { Replay = recipe.Replay with { Paths = [world.Old] } });
        Assert.Equal(["old", "new"], given.Sources.Select(source => source.Name));
        Assert.True(given.ReplayShare > 0);
        Assert.Equal(["old", "new"], world.Update("elsewhere-next", given.Model, world.Next, AnyForgetting).Sources.Take(2).Select(source => source.Name));

        var written = world.Update("elsewhere-written", parent, world.New, [.. Shape, "replay.from=generated", "replay.generated_tokens=1000"]);
        Assert.Equal(Shift.UsualReplayShare, written.ReplayShare);

        Assert.Contains("remembers no text to replay", Assert.Throws<CoppiceException>(() => world.Update("elsewhere-share", parent, world.New, [.. Shape, "replay.share=0.5"])).Message, StringComparison.Ordinal);
    }

    // A model from elsewhere does not say with what it was trained.
    private static string[] Shape => ["training.batch_size=8", "training.sequence_length=32", .. AnyForgetting];
}
