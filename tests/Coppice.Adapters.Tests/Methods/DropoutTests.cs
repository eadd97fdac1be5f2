using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Training.Loop;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Dropout of what a low-rank change sees.</summary>
public class DropoutTests
{
    public static TheoryData<string, string> Methods => MethodTable.Where(row => AdapterMethods.Find(row.Name).TakesDropout);

    [Theory]
    [MemberData(nameof(Methods))]
    public void It_is_on_in_training_and_off_elsewhere_and_its_bits_depend_on_seed_and_step_alone(string method, string architecture)
    {
        var settings = AdaptedModel.Settings(method) with { Dropout = 0.5 };
        using var adapted = new AdaptedModel(method, architecture, settings);
        adapted.Train();
        var output = adapted.AdaptedOutput();
        Assert.Equal(output, adapted.AdaptedOutput());
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer();
        var losses = Enumerable.Range(0, 3).Select(step => trainer.ComputeGradients([AdaptedModel.Batch(0)], step).Loss).ToList();
        Assert.Equal(3, losses.Distinct().Count());
        Assert.Equal(losses[1], trainer.ComputeGradients([AdaptedModel.Batch(0)], 1).Loss);
        adapted.Set.Deactivate();
        Assert.Equal(output, adapted.AdaptedOutput());
        Assert.Equal(Trained(threads: 1, recomputing: false), Trained(threads: 2, recomputing: true));

        float[] Trained(int threads, bool recomputing)
        {
            using var other = new AdaptedModel(method, architecture, settings, threads: threads);
            other.Set.Activate(AdaptedModel.Name);
            using var training = other.NewTrainer(recomputing: recomputing);
            for (var step = 0; step < 2; step++) Step(training, step);
            other.Set.Deactivate();
            return [.. other.Adapter.Parameters.Parameters.SelectMany(parameter => parameter.Tensor.ToArray())];
        }
    }

    [Fact]
    public void Shares_that_are_none_and_methods_that_have_none_are_refused()
    {
        Assert.Throws<CoppiceException>(() => new AdaptedModel("lora", "gpt2", AdaptedModel.Settings("lora") with { Dropout = 1 }));
        Assert.Throws<CoppiceException>(() => new AdaptedModel("lora", "gpt2", AdaptedModel.Settings("lora") with { Dropout = double.NaN }));
        Assert.Contains("ia3", Assert.Throws<CoppiceException>(() => new AdaptedModel("ia3", "gpt2", AdaptedModel.Settings("ia3") with { Dropout = 0.1 })).Message, StringComparison.Ordinal);
    }

    private static void Step(Trainer trainer, int step) => trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
}
