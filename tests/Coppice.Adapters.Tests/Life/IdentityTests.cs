using Coppice.Adapters.Methods;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Life;

/// <summary>What holds of every method on every architecture.</summary>
public class IdentityTests
{
    private static readonly HashSet<string> ChangedAtFirst = ["dora", "pissa", "olora"];

    public static TheoryData<string, string> All => AdaptedModel.All;

    public static TheoryData<string, string> ChangingProjections => AdaptedModel.ChangingProjections;

    public static TheoryData<string, string> Linear => AdaptedModel.Cross(["lora", "rslora", "pissa", "olora", "vera"]);

    public static TheoryData<string, string> LikeLora => AdaptedModel.Cross(["lora", "rslora", "dora"]);

    [Theory]
    [MemberData(nameof(All))]
    public void A_new_adapter_changes_nothing(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        var (before, with) = (adapted.Output(), adapted.AdaptedOutput());
        if (ChangedAtFirst.Contains(method)) Assert.True(AdaptedModel.RelativeError(before, with) < 1e-5, $"{AdaptedModel.RelativeError(before, with)}");
        else Assert.Equal(before, with);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Training_changes_the_adapted_model_and_no_bit_of_the_base(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        var (weights, output) = (Values(adapted.Model.Parameters), adapted.Output());
        var frozen = Values(adapted.Adapter.Frozen);
        adapted.Train(5);
        Assert.True(AdaptedModel.RelativeError(output, adapted.AdaptedOutput()) > 1e-3);
        Assert.Equal(weights, Values(adapted.Model.Parameters));
        Assert.Equal(frozen, Values(adapted.Adapter.Frozen));
        Assert.Equal(output, adapted.Output());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Only_the_adapter_has_gradients_and_the_optimizer_slots_for_it_alone(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer();
        Assert.Null(adapted.Model.Parameters.Gradients);
        Assert.Null(adapted.Adapter.Frozen.Gradients);
        Assert.All(trainer.Optimizer.State, state => Assert.Equal(adapted.Adapter.Parameters.Values.Count, state.Buffer.Count));
        trainer.ComputeGradients([AdaptedModel.Batch(0)], 0);
        foreach (var parameter in adapted.Model.Parameters.Parameters)
        {
            Assert.Equal(adapted.Adapter.BaseParameters.Contains(parameter.Name), parameter.Tensor.HasGradient);
        }
    }

    [Theory]
    [MemberData(nameof(ChangingProjections))]
    public void The_number_of_parameters_is_that_of_the_formula(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        Assert.Equal(adapted.Adapter.Targets.Sum(adapted.Adapter.Method.CountOf), adapted.Adapter.Parameters.Count);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Merged_and_unmerged_compute_the_same_and_undoing_gives_back_every_bit(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        var (weights, with) = (Values(adapted.Model.Parameters), adapted.AdaptedOutput());
        using (var copy = AdapterMerge.Copy(adapted.Set, AdaptedModel.Name)) Assert.True(AdaptedModel.RelativeError(with, AdaptedModel.Output(copy)) < AdapterMergeCheck.Tolerance);
        var check = AdapterMergeCheck.Of(adapted.Set, AdaptedModel.Name);
        Assert.True(check.Passed, $"{check.Error}");
        Assert.Equal(weights, Values(adapted.Model.Parameters));
        var merge = AdapterMerge.Into(adapted.Set, AdaptedModel.Name);
        Assert.NotEqual(weights, Values(adapted.Model.Parameters));
        Assert.True(AdaptedModel.RelativeError(with, adapted.Output()) < AdapterMergeCheck.Tolerance);
        merge.Undo();
        Assert.Equal(weights, Values(adapted.Model.Parameters));
    }

    [Theory]
    [MemberData(nameof(LikeLora))]
    public void At_first_only_the_second_factor_has_a_gradient_and_after_two_steps_both_have_moved(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        var first = Values(adapted.Adapter.Parameters, ".lora_A.weight");
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer();
        for (var step = 0; step < 2; step++)
        {
            var result = trainer.ComputeGradients([AdaptedModel.Batch(step)], step);
            foreach (var parameter in adapted.Adapter.Parameters.Parameters)
            {
                var norm = parameter.Tensor.GradientToArray().Max(value => Math.Abs(value));
                // The loss does not see a pooler, so that what is adapted of it has no gradient.
                if (parameter.Name.EndsWith(".lora_A.weight", StringComparison.Ordinal)) Assert.True(step > 0 || norm == 0, parameter.Name);
                if (parameter.Name.EndsWith(".lora_B.weight", StringComparison.Ordinal) && IsReached(parameter.Name)) Assert.True(norm > 0, parameter.Name);
            }

            trainer.Apply(result, 0.01);
            if (step == 0) Assert.Equal(first, Values(adapted.Adapter.Parameters, ".lora_A.weight"));
        }

        Assert.NotEqual(first, Values(adapted.Adapter.Parameters, ".lora_A.weight"));
        adapted.Set.Deactivate();
    }

    [Theory]
    [MemberData(nameof(Linear))]
    public void Twice_the_strength_is_twice_the_change_of_a_projection(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        var slot = adapted.Adapter.Targets[0].Slot;
        var without = Through(adapted);
        adapted.Set.Activate(AdaptedModel.Name);
        var once = Through(adapted);
        adapted.Adapter.Strength = 2;
        var twice = Through(adapted);
        adapted.Adapter.Strength = 0;
        var none = Through(adapted);
        Assert.Equal(slot.Outputs * 5, none.Length);
        Assert.True(AdaptedModel.RelativeError(without, none) < 1e-6);
        Assert.True(AdaptedModel.RelativeError([.. without.Zip(once, (b, o) => b + 2 * (o - b))], twice) < 5e-6);
        Assert.True(AdaptedModel.RelativeError(without, once) > 1e-4);
    }

    [Fact]
    public void A_change_that_is_no_multiple_of_anything_has_one_strength()
    {
        using var adapted = new AdaptedModel("dora", "llama");
        Assert.Contains("dora", Assert.Throws<Foundation.CoppiceException>(() => adapted.Adapter.Strength = 2).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Training_one_adapter_leaves_another_as_it_was(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        var (values, output) = (Values(adapted.Adapter.Parameters), adapted.AdaptedOutput());
        var other = adapted.Set.Add("other", AdaptedModel.Settings("lora"), seed: 5);
        adapted.Set.Activate("other");
        using (var trainer = new Training.Loop.Trainer(
            adapted.Model, new Training.Objectives.CausalObjective(), Training.Optimizers.OptimizerRegistry.Create(other.Parameters, new Training.Recipes.OptimizerSection()), seed: 1, parameters: other.Parameters))
        {
            for (var step = 0; step < 2; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
        }

        Assert.Equal(values, Values(adapted.Adapter.Parameters));
        Assert.Equal(output, adapted.AdaptedOutput());
        Assert.Null(adapted.Set.Active);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Threads_and_recomputation_change_no_bit_of_training(string method, string architecture)
    {
        Assert.Equal(Trained(method, architecture, threads: 1, recomputing: false), Trained(method, architecture, threads: 2, recomputing: true));
    }

    [Fact]
    public void First_values_depend_on_the_seed_and_the_name_and_not_on_what_else_is_adapted()
    {
        using var all = new AdaptedModel("lora", "llama");
        using var one = new AdaptedModel("lora", "llama", AdaptedModel.Settings("lora") with { Targets = TargetPattern.Of("v_proj") });
        using var otherSeed = new AdaptedModel("lora", "llama", seed: 12);
        const string Name = "model.layers.1.self_attn.v_proj.lora_A.weight";
        Assert.Equal(all.Adapter.Parameters[Name].Tensor.ToArray(), one.Adapter.Parameters[Name].Tensor.ToArray());
        Assert.NotEqual(all.Adapter.Parameters[Name].Tensor.ToArray(), otherSeed.Adapter.Parameters[Name].Tensor.ToArray());
        Assert.All(all.Adapter.Parameters[Name].Tensor.ToArray(), value => Assert.InRange(Math.Abs(value), 0, 1 / Math.Sqrt(12)));
    }

    [Fact]
    public void Methods_are_found_by_name_with_a_hint()
    {
        Assert.Equal("dora", AdapterMethods.Find("dora").Name);
        Assert.Contains("did you mean 'lora'", Assert.Throws<Foundation.CoppiceException>(() => AdapterMethods.Find("lorra")).Message, StringComparison.Ordinal);
    }

    private static float[] Trained(string method, string architecture, int threads, bool recomputing)
    {
        using var adapted = new AdaptedModel(method, architecture, threads: threads);
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer(recomputing: recomputing);
        for (var step = 0; step < 2; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
        return Values(adapted.Adapter.Parameters);
    }

    private static bool IsReached(string parameter) => !parameter.Contains("pooler", StringComparison.Ordinal);

    private static float[] Through(AdaptedModel adapted)
    {
        var slot = adapted.Adapter.Targets[0].Slot;
        using var tape = new Tape(adapted.Backend) { Recording = false };
        var x = tape.Constant(new Shape(5, slot.Inputs), [.. Enumerable.Range(0, 5 * slot.Inputs).Select(i => new Philox(1, 2).Normal((ulong)i))]);
        return slot.Forward(tape, x).ToArray();
    }

    private static float[] Values(ParameterSet parameters, string ending = "") =>
        [.. parameters.Parameters.Where(parameter => parameter.Name.EndsWith(ending, StringComparison.Ordinal)).SelectMany(parameter => parameter.Tensor.ToArray())];
}
