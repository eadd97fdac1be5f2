using Coppice.Continual.Vocabulary;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Tests.Vocabulary;

public sealed class NewRowsOnlyTests : IDisposable
{
    private const int First = 45;
    private const int New = 4;

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("gpt2", "adamw", false)]
    [InlineData("gpt2-untied", "adamw", true)]
    [InlineData("llama", "sgd", true)]
    [InlineData("llama-untied", "adamw", false)]
    [InlineData("qwen3", "adamw", true)]
    public void In_the_first_stage_only_new_rows_change_and_then_everything(string name, string optimizer, bool norms)
    {
        using var model = TinyModels.Create(name, _backend, vocabulary: 50, trainable: true);
        // Bits count: minus zero must stay minus zero.
        model.Embedding.Tensor.CopyFrom(0, [-0f]);
        using var mask = new NewRowsOnly(model, First, New, steps: 3, norms);
        var section = new OptimizerSection { Name = optimizer, WeightDecay = 0.1, DecayVectors = true, EmaDecay = 0.9 };
        using var chain = OptimizerRegistry.Create(model.Parameters, section, mask);
        var before = Values(model);
        for (var step = 1; step <= 3; step++) Step(model, chain, step);
        var after = Values(model);
        var changed = 0;
        foreach (var parameter in model.Parameters.Parameters)
        {
            for (var i = 0L; i < parameter.Count; i++)
            {
                var row = i / model.Configuration.HiddenSize;
                var isNew = (parameter == model.Embedding || parameter == model.Head) && row is >= First and < First + New;
                var isNorm = norms && (parameter.Name.Contains("norm", StringComparison.Ordinal) || parameter.Name.Contains("ln_", StringComparison.Ordinal));
                var at = parameter.Offset + i;
                Assert.Equal(isNew || isNorm, BitConverter.SingleToInt32Bits(before[at]) != BitConverter.SingleToInt32Bits(after[at]));
                if (isNew) changed++;
            }
        }

        Assert.Equal(New * model.Configuration.HiddenSize * (model.Head == model.Embedding ? 1 : 2), changed);
        Step(model, chain, 4);
        var last = Values(model);
        Assert.All(model.Parameters.Parameters, parameter => Assert.NotEqual(after[parameter.Offset], last[parameter.Offset]));
    }

    [Fact]
    public void New_rows_move_as_without_the_mask()
    {
        using var masked = TinyModels.Create("gpt2", _backend, trainable: true);
        using var free = TinyModels.Create("gpt2", _backend, trainable: true);
        using var chain = OptimizerRegistry.Create(masked.Parameters, new OptimizerSection(), new NewRowsOnly(masked, First, New, steps: 5));
        using var freeChain = OptimizerRegistry.Create(free.Parameters, new OptimizerSection());
        for (var step = 1; step <= 5; step++)
        {
            Step(masked, chain, step);
            Step(free, freeChain, step);
        }

        var (from, to) = (First * 12, (First + New) * 12);
        Assert.Equal(free.Embedding.Tensor.ToArray()[from..to], masked.Embedding.Tensor.ToArray()[from..to]);
    }

    private static void Step(LanguageModel model, OptimizerChain chain, int step)
    {
        var random = new Philox(9, (ulong)step);
        var gradients = model.Parameters.Gradients!;
        gradients.CopyFrom([.. Enumerable.Range(0, (int)gradients.Count).Select(i => random.Normal((ulong)i))], 0);
        chain.Step(0.01, Math.Sqrt(gradients.SumOfSquares()));
    }

    private static float[] Values(LanguageModel model)
    {
        var values = new float[model.Parameters.Values.Count];
        model.Parameters.Values.CopyTo(0, values);
        return values;
    }
}
