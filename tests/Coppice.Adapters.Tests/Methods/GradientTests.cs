using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Gradients of adapters, where they have been trained, agree with differences of the loss.</summary>
public class GradientTests
{
    private const float Step = 1f / 128;

    public static TheoryData<string, string> WithoutNorms => AdaptedModel.Cross(["lora", "rslora", "pissa", "olora", "vera", "ia3", "bitfit", "layers"]);

    [Theory]
    [MemberData(nameof(WithoutNorms))]
    public void Agree_with_differences_of_the_loss(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        Check(adapted, _ => true);
    }

    // The norm counts as a constant: only the magnitudes' gradients are those of the whole function.
    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("bert")]
    public void Of_magnitudes_agree_with_differences_of_the_loss_and_those_of_factors_do_not(string architecture)
    {
        using var adapted = new AdaptedModel("dora", architecture);
        Check(adapted, name => name.EndsWith("magnitude_vector", StringComparison.Ordinal));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Check(adapted, name => name.EndsWith("lora_B.weight", StringComparison.Ordinal)));
    }

    private static void Check(AdaptedModel adapted, Func<string, bool> isChecked)
    {
        adapted.Train(4);
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer();
        trainer.ComputeGradients([AdaptedModel.Batch(3)], 0);
        var checkedParameters = adapted.Adapter.Parameters.Parameters.Where(parameter => isChecked(parameter.Name)).ToList();
        var all = Math.Sqrt(checkedParameters.Sum(parameter => parameter.Tensor.GradientToArray().Sum(gradient => (double)gradient * gradient)));
        foreach (var parameter in checkedParameters)
        {
            var (gradient, values) = (parameter.Tensor.GradientToArray(), parameter.Tensor.ToArray());
            // A direction for each parameter in place of all its values: the derivative along it.
            var random = new Philox(21, 4);
            var direction = values.Select((_, i) => random.Normal((ulong)i)).ToArray();
            var length = (float)Math.Sqrt(direction.Sum(d => (double)d * d));
            direction = [.. direction.Select(d => d / length)];
            var expected = direction.Zip(gradient, (d, g) => (double)d * g).Sum();
            var difference = (8 * (At(1) - At(-1)) - (At(2) - At(-2))) / (12 * Step);
            parameter.Tensor.CopyFrom(values);
            Assert.True(Math.Abs(expected - difference) <= 3e-3 * Math.Max(Math.Abs(expected), 0.05 * all), $"{parameter.Name}: {expected}, by differences {difference}, all {all}");

            double At(int steps)
            {
                parameter.Tensor.CopyFrom([.. values.Zip(direction, (value, d) => value + steps * Step * d)]);
                return Loss(adapted);
            }
        }

        adapted.Set.Deactivate();
    }

    // In double precision from the logits on: the loss in float32 has too few digits for differences.
    private static double Loss(AdaptedModel adapted)
    {
        var batch = AdaptedModel.Batch(3);
        using var tape = new Tape(adapted.Backend) { Recording = false };
        var documents = Enumerable.Range(0, batch.DocumentCount).Select(d => batch.Tokens[batch.CumulativeLengths[d]..batch.CumulativeLengths[d + 1]]).ToArray();
        var logits = adapted.Model.Logits(tape, adapted.Model.Hidden(tape, TinyModels.Pack(adapted.Model, tape, documents))).ToArray();
        var (classes, loss) = (logits.Length / batch.Count, 0.0);
        for (var row = 0; row < batch.Count; row++)
        {
            var scores = logits.AsSpan(row * classes, classes);
            var sum = 0.0;
            foreach (var score in scores) sum += Math.Exp(score);
            loss += Math.Log(sum) - scores[batch.Targets[row]];
        }

        return loss / batch.Count;
    }
}
