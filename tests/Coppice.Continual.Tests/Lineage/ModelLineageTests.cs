using Coppice.Continual.Lineage;
using Coppice.Continual.Tests.Updates;
using Coppice.Continual.Updates;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Xunit;

namespace Coppice.Continual.Tests.Lineage;

[Collection(UpdateCollection.Name)]
public sealed class ModelLineageTests(UpdateWorld world)
{
    [Fact]
    public void A_chain_of_updates_is_read_from_the_first_to_the_last_with_what_each_knew()
    {
        var (parent, first, second) = Chain("chain");
        var chain = ModelLineage.Read(second.Model);
        Assert.Equal([parent, first.Model, second.Model], chain.Select(ancestor => ancestor.Directory));
        Assert.All(chain, ancestor => Assert.Equal((AncestorState.Intact, ModelDirectory.Fingerprint(ancestor.Directory)), (ancestor.State, ancestor.Fingerprint)));
        Assert.Equal(chain.Select(ancestor => ancestor.Fingerprint), ModelLineage.Read(world.At("chain-second")).Select(ancestor => ancestor.Fingerprint));

        var matrix = ModelLineage.Matrix(chain)!;
        Assert.Equal([("old", 0), ("new", 1), ("next", 2)], matrix.Sources.Select(source => (source.Name, source.LearnedIn)));
        // Version 0 on the first source and what version 1 was to learn, version 1 on all, version 2 on all; nobody measured version 0 on the last source.
        Assert.Equal(first.Sources[0].BitsPerByteBefore, matrix[0, 0]!.Value, 1e-12);
        Assert.Equal(first.Sources[1].BitsPerByteBefore, matrix[0, 1]!.Value, 1e-12);
        Assert.Null(matrix[0, 2]);
        for (var source = 0; source < 3; source++)
        {
            Assert.Equal(second.Sources[source].BitsPerByteBefore, matrix[1, source]!.Value, 1e-12);
            Assert.Equal(second.Sources[source].BitsPerByteAfter, matrix[2, source]!.Value, 1e-12);
        }

        Assert.Equal(Math.Min(first.Sources[0].BitsPerByteBefore, second.Sources[0].BitsPerByteBefore), second.Sources[0].BestAncestorBitsPerByte!.Value, 1e-12);
    }

    [Fact]
    public void Every_version_is_restored_as_it_was_released()
    {
        var (_, _, second) = Chain("restored");
        var chain = ModelLineage.Read(second.Model);
        for (var version = 0; version < chain.Count; version++)
        {
            // A directory as people write it, with a separator at its end.
            var copy = world.At($"restored-copies/{version}") + Path.DirectorySeparatorChar;
            ModelLineage.Restore(chain[version], copy);
            Assert.Equal(chain[version].Fingerprint, ModelDirectory.Fingerprint(copy));
            var (provenance, original) = (UpdateWorld.ProvenanceOf(copy), chain[version].Provenance!);
            foreach (var (source, meant) in provenance.Sources.Zip(original.Sources))
            {
                Assert.Equal(Provenance.ResolvePath(chain[version].Directory, meant.Store!), Provenance.ResolvePath(copy, source.Store!));
                TokenStore.Open(Provenance.ResolvePath(copy, source.Store!)).Dispose();
                TokenStore.Open(Provenance.ResolvePath(copy, source.HeldOut!)).Dispose();
            }

            Assert.True(Directory.Exists(Provenance.ResolvePath(copy, provenance.Trunk!)));
            Assert.Equal(version + 1, ModelLineage.Read(copy).Count);
            Assert.Equal(Directory.GetFiles(chain[version].Directory, "*", SearchOption.AllDirectories).Length, Directory.GetFiles(copy, "*", SearchOption.AllDirectories).Length);
        }

        Assert.True(File.Exists(world.At("restored-copies/1/replay/replay.json")));
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => ModelLineage.Restore(chain[0], world.At("restored-copies/0"))).ExitCode);
        Assert.True(world.Update("restored-update", world.At("restored-copies/1"), world.Write("text/more.jsonl", new ToyLanguage(6, "cqwxy").JsonLines(100)), "training.steps=5", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6").Accepted);
    }

    [Fact]
    public void Changed_and_missing_ancestors_are_told()
    {
        var (parent, first, second) = Chain("told");
        var configuration = Path.Combine(parent, "config.json");
        File.AppendAllText(configuration, "\n");
        var chain = ModelLineage.Read(second.Model);
        Assert.Equal([AncestorState.Changed, AncestorState.Intact, AncestorState.Intact], chain.Select(ancestor => ancestor.State));
        Assert.Contains("holds other files", Assert.Throws<CoppiceException>(() => ModelLineage.Restore(chain[0], world.At("told-copy"))).Message, StringComparison.Ordinal);

        Directory.Delete(first.Model, recursive: true);
        chain = ModelLineage.Read(second.Model);
        Assert.Equal([AncestorState.Missing, AncestorState.Intact], chain.Select(ancestor => ancestor.State));
        Assert.Contains("is gone", Assert.Throws<CoppiceException>(() => ModelLineage.Restore(chain[0], world.At("told-copy"))).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(world.At("told-copy")));
        // What the version before is measured as comes from its child.
        Assert.Equal(second.Sources[0].BitsPerByteBefore, ModelLineage.Matrix(chain)![0, 0]!.Value, 1e-12);
    }

    [Fact]
    public void A_chain_that_comes_back_to_itself_ends_with_an_error()
    {
        var parent = world.CopyOfParent("circle");
        (UpdateWorld.ProvenanceOf(parent) with { Parent = new ProvenanceParent(".", ModelDirectory.Fingerprint(parent)) }).Save(parent);
        Assert.Contains("is its own ancestor", Assert.Throws<CoppiceException>(() => ModelLineage.Read(parent)).Message, StringComparison.Ordinal);
    }

    private (string Parent, UpdateResult First, UpdateResult Second) Chain(string name)
    {
        var parent = world.CopyOfParent(name + "-base");
        string[] keys = ["training.steps=10", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6", "replay.budget_bytes=5000"];
        var first = world.Update(name + "-first", parent, world.New, keys);
        return (parent, first, world.Update(name + "-second", first.Model, world.Next, keys));
    }
}
