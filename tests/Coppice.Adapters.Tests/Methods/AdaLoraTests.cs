using System.Text.Json;
using Coppice.Adapters.Directories;
using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Training.Loop;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Components that are switched off where they matter least.</summary>
public sealed class AdaLoraTests
{
    private static readonly AdapterSettings Settings = AdaptedModel.Settings("adalora") with
    {
        Rank = 4, AdaLora = new AdaLoraSettings { TargetRank = 2, WarmUp = 2, Final = 2, Interval = 2, Orthogonality = 0.1 },
    };

    [Theory]
    [InlineData(10, 36)]
    [InlineData(11, 35)]
    [InlineData(20, 31)]
    [InlineData(45, 25)]
    [InlineData(60, 24)]
    [InlineData(79, 24)]
    [InlineData(80, 24)]
    [InlineData(100, 24)]
    public void The_budget_falls_along_the_published_curve(long step, int components) => Assert.Equal(components, new RankBudget(36, 24, 10, 20, 100).At(step));

    [Fact]
    public void As_many_components_as_the_budget_says_are_left_whatever_their_scores()
    {
        foreach (var rate in (ReadOnlySpan<double>)[0.02, 0])
        {
            using var adapted = new AdaptedModel("adalora", "llama", Settings);
            adapted.Set.Activate(AdaptedModel.Name);
            var training = adapted.Adapter.CreateTraining(12);
            var allocation = Assert.IsType<AdaLoraAllocation>(training.Transform);
            using var trainer = adapted.NewTrainer(training);
            var (count, budget) = (adapted.Adapter.Targets.Count, new RankBudget(4 * adapted.Adapter.Targets.Count, 2 * adapted.Adapter.Targets.Count, 2, 2, 12));
            for (var step = 1; step <= 12; step++)
            {
                // Without a learning rate all e stay 0, and so do all scores: every choice is among equals.
                Step(trainer, step - 1, rate);
                var chooses = step > 2 && (step % 2 == 0 || step >= 10);
                Assert.Equal(chooses ? 4 * count - budget.At(step) : 0, allocation.Masked);
                if (chooses && rate > 0) Assert.Equal(budget.At(step), Values(adapted, ".lora_E").Count(value => value != 0));
            }

            adapted.Set.Deactivate();
        }
    }

    [Fact]
    public void Ranks_differ_in_the_end_and_what_is_switched_off_stays_so()
    {
        using var adapted = new AdaptedModel("adalora", "llama", Settings);
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer(adapted.Adapter.CreateTraining(14));
        var off = new List<int[]>();
        for (var step = 0; step < 14; step++)
        {
            Step(trainer, step, 0.02);
            if (step >= 11) off.Add([.. Values(adapted, ".lora_E").Select((value, i) => (value, i)).Where(pair => pair.value == 0).Select(pair => pair.i)]);
        }

        Assert.All(off, places => Assert.Equal(off[0], places));
        var ranks = adapted.Adapter.Targets.Select(target => adapted.Adapter.Parameters[target.Name + ".lora_E"].Tensor.ToArray().Count(value => value != 0)).ToList();
        Assert.Equal(2 * adapted.Adapter.Targets.Count, ranks.Sum());
        Assert.True(ranks.Distinct().Count() > 1);
        adapted.Set.Deactivate();
    }

    [Fact]
    public void With_all_components_and_no_penalty_it_is_plain_training()
    {
        var settings = Settings with { AdaLora = new AdaLoraSettings { TargetRank = 4, Orthogonality = 0 } };
        Assert.Equal(Trained(scheduled: false), Trained(scheduled: true));

        float[] Trained(bool scheduled)
        {
            using var adapted = new AdaptedModel("adalora", "gpt2", settings);
            adapted.Set.Activate(AdaptedModel.Name);
            using var trainer = scheduled ? adapted.NewTrainer(adapted.Adapter.CreateTraining(5)) : adapted.NewTrainer();
            for (var step = 0; step < 5; step++) Step(trainer, step, 0.02);
            adapted.Set.Deactivate();
            return Values(adapted, "");
        }
    }

    [Fact]
    public void The_penalty_has_the_gradient_of_its_value_and_makes_the_factors_orthonormal()
    {
        using var adapted = new AdaptedModel("adalora", "gpt2", Settings);
        using var penalty = Assert.IsType<FactorPenalty>(adapted.Adapter.CreateTraining(9).Penalty);
        var parameters = adapted.Adapter.Parameters;
        var parameter = parameters[adapted.Adapter.Targets[0].Name + ".lora_B"];
        var gradient = Gradient();
        var values = parameter.Tensor.ToArray();
        foreach (var i in (ReadOnlySpan<int>)[0, 7, values.Length - 1])
        {
            Assert.Equal((At(i, 1e-2f) - At(i, -1e-2f)) / 2e-2, gradient[i], 1e-4);
        }

        var before = Value();
        for (var step = 0; step < 200; step++)
        {
            // Small values, far from orthonormal: a plain descent.
            penalty.AddGradient(Cleared());
            parameters.Values.ScaleAdd(1, parameters.Gradients!, -3, 0, parameters.Values.Count);
        }

        Assert.True(Value() < 0.5 * before);

        ParameterSet Cleared()
        {
            parameters.Gradients!.Clear();
            return parameters;
        }

        double Value() => penalty.AddGradient(Cleared());

        float[] Gradient()
        {
            penalty.AddGradient(Cleared());
            return parameter.Tensor.GradientToArray();
        }

        double At(int i, float distance)
        {
            var moved = (float[])values.Clone();
            moved[i] += distance;
            parameter.Tensor.CopyFrom(moved);
            var value = Value();
            parameter.Tensor.CopyFrom(values);
            return value;
        }
    }

    [Theory]
    [InlineData("adalora", 3)]
    [InlineData("adalora", 9)]
    [InlineData("increlora", 3)]
    [InlineData("increlora", 6)]
    public void A_run_that_is_taken_up_again_ends_with_the_same_bits(string method, int interruption)
    {
        var settings = method == "adalora" ? Settings : IncreLoraTests.Settings;
        using var whole = new AdaptedModel(method, "llama", settings);
        Run(whole, 0, 12, null);
        using var first = new AdaptedModel(method, "llama", settings);
        var kept = Run(first, 0, interruption, null);
        using var folder = new TemporaryFolder();
        AdapterState.Save(folder.Root, first.Adapter);
        using var second = new AdaptedModel(method, "llama", settings);
        AdapterState.Load(folder.Root, second.Adapter);
        Run(second, interruption, 12, kept);
        Assert.Equal(Values(whole, ""), Values(second, ""));
    }

    [Fact]
    public void Files_hold_what_is_left_under_the_names_of_peft()
    {
        using var folder = new TemporaryFolder();
        using var adapted = new AdaptedModel("adalora", "gpt2", Settings);
        Run(adapted, 0, 12, null);
        AdapterDirectory.Save(folder.At("a"), adapted.Set, AdaptedModel.Name, "base");
        using (var json = JsonDocument.Parse(File.ReadAllText(folder.At($"a/{AdapterDirectory.ConfigurationFile}"))))
        {
            var root = json.RootElement;
            Assert.Equal("ADALORA", root.GetProperty("peft_type").GetString());
            Assert.Equal((4, 2, 2, 2, 2), (Number("init_r"), Number("target_r"), Number("tinit"), Number("tfinal"), Number("deltaT")));
            Assert.True(Number("total_step") > 4);
            var pattern = root.GetProperty("rank_pattern").EnumerateObject().ToDictionary(item => item.Name, item => item.Value.EnumerateArray().Select(value => value.GetBoolean()).ToArray());
            Assert.Equal(adapted.Adapter.Targets.Select(target => target.Name + ".lora_E").Order(), pattern.Keys.Order());
            Assert.All(pattern.Values, kept => Assert.Equal(4, kept.Length));

            int Number(string key) => root.GetProperty(key).GetInt32();
        }

        using var fresh = TinyModels.Create("gpt2", adapted.Backend);
        using var set = new AdapterSet(fresh);
        var loaded = AdapterDirectory.Load(folder.At("a"), set, "loaded", trainable: true);
        Assert.True(loaded.Parameters.Count < adapted.Adapter.Parameters.Count);
        set.Activate("loaded");
        Assert.True(AdaptedModel.RelativeError(adapted.AdaptedOutput(), AdaptedModel.Output(fresh)) < 1e-6);
        AdapterDirectory.Save(folder.At("b"), set, "loaded", "base");
        Assert.Equal(File.ReadAllBytes(folder.At($"a/{AdapterDirectory.WeightsFile}")), File.ReadAllBytes(folder.At($"b/{AdapterDirectory.WeightsFile}")));
        Assert.Equal(File.ReadAllText(folder.At($"a/{AdapterDirectory.ConfigurationFile}")), File.ReadAllText(folder.At($"b/{AdapterDirectory.ConfigurationFile}")));
        set.Deactivate();
    }

    [Fact]
    public void What_cannot_be_is_refused_before_training()
    {
        using var adapted = new AdaptedModel("adalora", "gpt2", Settings);
        Assert.Contains("warm-up", Assert.Throws<CoppiceException>(() => adapted.Adapter.CreateTraining(4)).Message, StringComparison.Ordinal);
        using var high = new AdaptedModel("adalora", "gpt2", Settings with { AdaLora = new AdaLoraSettings { TargetRank = 5 } });
        Assert.Contains("target rank", Assert.Throws<CoppiceException>(() => high.Adapter.CreateTraining(40)).Message, StringComparison.Ordinal);
        Assert.Contains("rank_pattern", Assert.Throws<CoppiceException>(() => new AdaptedModel("adalora", "gpt2", Settings with { RankPattern = [new("c_fc", 2)] })).Message, StringComparison.Ordinal);
        Assert.Contains("rank_pattern", Assert.Throws<CoppiceException>(() =>
            new AdaptedModel("adalora", "gpt2", Settings with { AdaLora = new AdaLoraSettings { Kept = [new("nothing", [true, true, true, true])] } })).Message, StringComparison.Ordinal);
    }

    /// <summary>Steps of a run of twelve. Takes up the optimizer's state, and gives it back.</summary>
    private static (long Updates, Dictionary<string, float[]> State) Run(AdaptedModel adapted, int from, int to, (long Updates, Dictionary<string, float[]> State)? kept)
    {
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer(adapted.Adapter.CreateTraining(12));
        if (kept is { } before)
        {
            trainer.Optimizer.Updates = before.Updates;
            foreach (var (name, buffer) in trainer.Optimizer.State) buffer.CopyFrom(before.State[name], 0);
        }

        for (var step = from; step < to; step++) Step(trainer, step, 0.02);
        adapted.Set.Deactivate();
        return (trainer.Optimizer.Updates, trainer.Optimizer.State.ToDictionary(state => state.Name, state =>
        {
            var values = new float[state.Buffer.Count];
            state.Buffer.CopyTo(0, values);
            return values;
        }));
    }

    private static void Step(Trainer trainer, int step, double rate) => trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), rate);

    private static float[] Values(AdaptedModel adapted, string ending) =>
        [.. adapted.Adapter.Parameters.Parameters.Where(parameter => parameter.Name.EndsWith(ending, StringComparison.Ordinal)).SelectMany(parameter => parameter.Tensor.ToArray())];
}
