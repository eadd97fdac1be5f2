using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models.Tests;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Prompts in the subspace of a task.</summary>
public class SparcTests
{
    private static readonly AdapterSettings Settings = AdaptedModel.Settings("sparc");
    private static readonly int[] Task = [.. Enumerable.Range(0, 12)];
    private static readonly int[] Other = [.. Enumerable.Range(30, 12)];

    [Fact]
    public void The_prompt_of_a_task_lies_in_the_span_of_its_basis_and_the_same_task_takes_it_up()
    {
        using var adapted = new AdaptedModel("sparc", "llama");
        var first = Sparc.Add(adapted.Set, "first", Settings, Task, [], seed: 1);
        Assert.Null(first.Reused);
        var basis = adapted.Set["first"].Frozen["sparc_basis"].Tensor.ToArray().Chunk(12).Select(row => Array.ConvertAll(row, value => (double)value)).ToArray();
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++) Assert.Equal(i == j ? 1 : 0, Orthonormal.Dot(basis[i], basis[j]), 1e-6);
        }

        var contents = AdapterContents.Of(first.Adapter);
        var again = Sparc.Add(adapted.Set, "again", Settings, Task, [contents], seed: 2);
        Assert.Equal(0, again.Reused);
        Assert.Equal(1, Assert.Single(again.Overlaps), 1e-6);
        Assert.Equal(Output("first"), Output("again"));

        float[] Output(string name)
        {
            adapted.Set.Activate(name);
            return adapted.Output();
        }
    }

    [Fact]
    public void Another_task_has_a_subspace_of_its_own_and_leaves_the_old_ones_output_as_it_was()
    {
        using var adapted = new AdaptedModel("sparc", "gpt2");
        var first = Sparc.Add(adapted.Set, "first", Settings, Task, [], seed: 1);
        adapted.Set.Activate("first");
        var output = adapted.Output();
        var second = Sparc.Add(adapted.Set, "second", Settings, Other, [AdapterContents.Of(first.Adapter)], seed: 2, threshold: 0.99);
        Assert.Null(second.Reused);
        Assert.InRange(Assert.Single(second.Overlaps), 0, 0.99);
        var (a, b) = (Basis("first"), Basis("second"));
        foreach (var x in a)
        {
            foreach (var y in b) Assert.Equal(0, Orthonormal.Dot(x, y), 1e-6);
        }

        Assert.Equal(0, Sparc.Overlap(a, b), 1e-9);
        Assert.Equal(output, adapted.Output());

        double[][] Basis(string name) => [.. adapted.Set[name].Frozen["sparc_basis"].Tensor.ToArray().Chunk(12).Select(row => Array.ConvertAll(row, value => (double)value))];
    }

    [Fact]
    public void Too_few_tokens_dimensions_and_foreign_tasks_are_refused()
    {
        using var adapted = new AdaptedModel("lora", "llama");
        Assert.Contains("dimensions", Refused(Settings, [1, 2], []), StringComparison.Ordinal);
        Assert.Contains("directions", Refused(Settings, [1, 1, 1, 2, 2, 2], []), StringComparison.Ordinal);
        Assert.Contains("outside", Refused(Settings, [1, 2, 3, 4, 50], []), StringComparison.Ordinal);
        Assert.Contains("earlier", Refused(Settings, Task, [AdapterContents.Of(adapted.Adapter)]), StringComparison.Ordinal);
        Assert.Contains("12", Refused(Settings with { Prompt = new() { Tokens = 2, Dimensions = 13 } }, TinyModels.Tokens(40), []), StringComparison.Ordinal);

        string Refused(AdapterSettings settings, int[] tokens, AdapterContents[] earlier) =>
            Assert.Throws<CoppiceException>(() => Sparc.Add(adapted.Set, "task", settings, tokens, earlier, seed: 1)).Message;
    }
}
