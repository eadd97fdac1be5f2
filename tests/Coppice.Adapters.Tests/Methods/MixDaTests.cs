using Coppice.Adapters.Directories;
using Coppice.Adapters.Methods;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Domain adapters and their mixture.</summary>
public sealed class MixDaTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Architectures => [.. MethodTable.Architectures];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Silence_on_general_text_costs_nothing_at_first_and_is_kept_in_training(string architecture)
    {
        using var mild = new AdaptedModel("mixda-domain", architecture);
        Assert.Equal(TrainedDomain(mild, domainOnly: true).First, 2 * TrainedDomain(mild, domainOnly: false).First, 1e-5);
        using var silent = new AdaptedModel("mixda-domain", architecture);
        using var loud = new AdaptedModel("mixda-domain", architecture);
        TrainedDomain(silent, domainOnly: false, steps: 30);
        TrainedDomain(loud, domainOnly: true, steps: 30);
        Assert.True(ChangeOfGeneral(silent) < 0.7 * ChangeOfGeneral(loud), $"{ChangeOfGeneral(silent)} of {ChangeOfGeneral(loud)}");
    }

    [Fact]
    public void Recomputation_changes_no_bit_of_a_domain_adapter()
    {
        using var kept = new AdaptedModel("mixda-domain", "llama");
        using var recomputed = new AdaptedModel("mixda-domain", "llama");
        TrainedDomain(kept, domainOnly: false, steps: 3);
        TrainedDomain(recomputed, domainOnly: false, steps: 3, recomputing: true);
        Assert.Equal(Values(kept.Adapter.Parameters), Values(recomputed.Adapter.Parameters));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_mixture_trains_gates_and_task_adapters_and_nothing_else(string architecture)
    {
        using var adapted = new AdaptedModel("mixda-domain", architecture);
        var mixture = Join(adapted);
        var method = mixture.Method;
        Assert.Equal(method.CountOf(adapted.Model, mixture.Settings, mixture.Targets), mixture.Parameters.Count);
        var (frozen, output) = (Values(mixture.Frozen), adapted.Output());
        var before = mixture.Parameters.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Tensor.ToArray());
        Train(adapted, mixture, threads: false);
        Assert.Equal(frozen, Values(mixture.Frozen));
        Assert.All(mixture.Parameters.Parameters, parameter => Assert.NotEqual(before[parameter.Name], parameter.Tensor.ToArray()));
        Assert.Equal(output, adapted.Output());
        using var again = new AdaptedModel("mixda-domain", architecture);
        var recomputed = Join(again);
        Train(again, recomputed, threads: true);
        Assert.Equal(Values(mixture.Parameters), Values(recomputed.Parameters));
    }

    [Fact]
    public void A_gate_that_takes_the_plain_mlp_is_the_base_and_shares_sum_to_one()
    {
        using var adapted = new AdaptedModel("mixda-domain", "llama");
        var mixture = Join(adapted);
        var gate = mixture.Parameters["model.layers.1.mlp.down_proj.mixture_gate.4.bias"].Tensor;
        Assert.Equal(3, gate.Count);
        var base_ = adapted.Output();
        adapted.Set.Activate("mixture");
        Assert.NotEqual(base_, adapted.Output());
        // So far apart that the others' shares are 0 in float32.
        gate.CopyFrom([0f, 0f, 200f]);
        Assert.Equal(base_, adapted.Output());
        gate.CopyFrom([200f, 0f, 0f]);
        var first = adapted.Output();
        adapted.Set.Activate("one");
        Assert.True(AdaptedModel.RelativeError(adapted.Output(), first) < 1e-6);
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_mixture_reads_tokens_one_by_one_so_that_packing_changes_nothing_and_comes_back_from_disk(string architecture)
    {
        using var adapted = new AdaptedModel("mixda-domain", architecture);
        var mixture = Join(adapted);
        Train(adapted, mixture, threads: false);
        adapted.Set.Activate("mixture");
        int[][] texts = [TinyModels.Tokens(5), TinyModels.Tokens(9, seed: 3)];
        Assert.True(AdaptedModel.RelativeError([.. texts.SelectMany(text => TinyModels.Hidden(adapted.Model, text))], TinyModels.Hidden(adapted.Model, texts)) < 1e-6);
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, "mixture");
        using var fresh = TinyModels.Create(architecture, adapted.Backend);
        using var set = new AdapterSet(fresh);
        AdapterDirectory.Load(_folder.At("a"), set, "loaded");
        set.Activate("loaded");
        Assert.Equal(adapted.Output(), AdaptedModel.Output(fresh));
        AdapterDirectory.Save(_folder.At("b"), set, "loaded");
        Assert.Equal(File.ReadAllText(_folder.At("a/adapter_config.json")), File.ReadAllText(_folder.At("b/adapter_config.json")));
        Assert.Equal(File.ReadAllBytes(_folder.At("a/adapter_model.safetensors")), File.ReadAllBytes(_folder.At("b/adapter_model.safetensors")));
    }

    [Fact]
    public void What_is_no_mixture_is_refused()
    {
        using var adapted = new AdaptedModel("mixda-domain", "llama");
        using var lora = new AdaptedModel("lora", "llama");
        var domain = AdapterContents.Of(adapted.Adapter);
        Assert.Contains("domain adapters", Assert.Throws<CoppiceException>(() => adapted.Set.Add("m", new AdapterSettings { Method = "mixda" }, seed: 1)).Message, StringComparison.Ordinal);
        Assert.Contains("lora", Refused(("a", AdapterContents.Of(lora.Adapter))), StringComparison.Ordinal);
        Assert.Contains("names", Refused(("a", domain), ("a", domain)), StringComparison.Ordinal);
        using var wide = new AdaptedModel("mixda-domain", "llama", AdaptedModel.Settings("mixda-domain") with { Rank = 4 });
        Assert.Contains("width", Refused(("a", domain), ("b", AdapterContents.Of(wide.Adapter))), StringComparison.Ordinal);
        Assert.Contains("to mix", Refused(), StringComparison.Ordinal);

        string Refused(params (string, AdapterContents)[] domains) => Assert.Throws<CoppiceException>(() => MixDa.Join(adapted.Set, "m", new AdapterSettings(), domains, seed: 1)).Message;
    }

    /// <summary>Two trained domain adapters, "adapter" as "one" and another, mixed.</summary>
    private static Adapter Join(AdaptedModel adapted)
    {
        adapted.Train();
        var one = AdapterContents.Of(adapted.Adapter);
        one.AddTo(adapted.Set, "one");
        adapted.Train(2);
        return MixDa.Join(adapted.Set, "mixture", new AdapterSettings { Rank = 2, Mixture = new() { GateWidth = 5 } }, [("one", one), ("two", AdapterContents.Of(adapted.Adapter))], seed: 4);
    }

    private static void Train(AdaptedModel adapted, Adapter mixture, bool threads)
    {
        adapted.Set.Activate(mixture.Name);
        using (var trainer = new Trainer(adapted.Model, new CausalObjective(), OptimizerRegistry.Create(mixture.Parameters, new OptimizerSection { WeightDecay = 0 }), seed: 1, parameters: mixture.Parameters) { Recomputing = threads })
        {
            for (var step = 0; step < 3; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
        }

        adapted.Set.Deactivate();
    }

    /// <summary>Trains a domain adapter, with or without its silence on general text, and gives the first and the last loss.</summary>
    private static (double First, double Last) TrainedDomain(AdaptedModel adapted, bool domainOnly, int steps = 1, bool recomputing = false)
    {
        adapted.Set.Activate(AdaptedModel.Name);
        IObjective objective = domainOnly ? new CausalObjective() : new DomainObjective(new CausalObjective(), adapted.Adapter, _ => AdaptedModel.Batch(90));
        using var trainer = new Trainer(adapted.Model, objective, OptimizerRegistry.Create(adapted.Adapter.Parameters, new OptimizerSection { WeightDecay = 0 }), seed: 1, parameters: adapted.Adapter.Parameters) { Recomputing = recomputing };
        var losses = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            var result = trainer.ComputeGradients([AdaptedModel.Batch(0), AdaptedModel.Batch(1)], step);
            losses.Add(result.Loss);
            // One step only looks.
            if (steps > 1) trainer.Apply(result, 0.02);
        }

        adapted.Set.Deactivate();
        return (losses[0], losses[^1]);
    }

    private static double ChangeOfGeneral(AdaptedModel adapted)
    {
        var batch = AdaptedModel.Batch(90);
        int[][] texts = [.. Enumerable.Range(0, batch.DocumentCount).Select(d => batch.Tokens[batch.CumulativeLengths[d]..batch.CumulativeLengths[d + 1]])];
        var without = TinyModels.Hidden(adapted.Model, texts);
        adapted.Set.Activate(AdaptedModel.Name);
        var with = TinyModels.Hidden(adapted.Model, texts);
        adapted.Set.Deactivate();
        return AdaptedModel.RelativeError(without, with);
    }

    private static float[] Values(ParameterSet parameters) => [.. parameters.Parameters.SelectMany(parameter => parameter.Tensor.ToArray())];
}
