using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Loop;

public sealed class TrainerTests
{
    private const int Vocabulary = 61;

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Accumulation_equals_the_big_batch_with_uneven_counted_tokens(string architecture)
    {
        using var backend = Backends.Create(threads: 2);
        using var model = SmallModel(architecture, backend);
        using var trainer = NewTrainer(model);
        var batches = Enumerable.Range(0, 4).Select(i => RandomBatch(i, documents: 3, counted: 0.2 + 0.25 * i)).ToArray();
        var big = new PackedBatch();
        foreach (var batch in batches) Append(big, batch);

        var whole = trainer.ComputeGradients([big], 0);
        var expected = Gradients(model);
        var parts = trainer.ComputeGradients(batches, 0);
        var actual = Gradients(model);

        Assert.Equal(whole.CountedTokens, parts.CountedTokens);
        Assert.Equal(whole.Loss, parts.Loss, 1e-6 * whole.Loss);
        Assert.Equal(whole.GradientNorm, parts.GradientNorm, 1e-6 * whole.GradientNorm);
        var error = Math.Sqrt(expected.Zip(actual, (a, b) => Math.Pow((double)a - b, 2)).Sum());
        Assert.True(error <= 1e-6 * whole.GradientNorm, $"relative error of the gradient: {error / whole.GradientNorm}");
    }

    [Fact]
    public void Threads_do_not_change_a_bit_of_training_with_dropout()
    {
        Assert.Equal(Train(threads: 1), Train(threads: 2));
        Assert.Equal(Train(threads: 1), Train(threads: 3));
    }

    [Fact]
    public void Recomputing_activations_changes_no_bit_and_takes_less_memory()
    {
        using var backend = Backends.Create(threads: 1);
        using var model = SmallModel("llama", backend, dropout: 0.1f, layers: 6);
        using var trainer = NewTrainer(model);
        var batch = RandomBatch(5, 4, 1);
        trainer.ComputeGradients([batch], 7);
        var (kept, peak) = (Gradients(model), trainer.Arena.PeakBytes);
        trainer.Recomputing = true;
        trainer.Arena.ResetPeak();
        trainer.ComputeGradients([batch], 7);
        Assert.Equal(kept, Gradients(model));
        Assert.True(trainer.Arena.PeakBytes < peak, $"{trainer.Arena.PeakBytes} bytes with recomputation, {peak} without");
    }

    [Fact]
    public void Weight_average_follows_its_definition()
    {
        using var backend = Backends.Create(threads: 1);
        using var model = SmallModel("gpt2", backend);
        using var trainer = new Trainer(
            model, new CausalObjective(), OptimizerRegistry.Create(model.Parameters, new OptimizerSection { EmaDecay = 0.5 }), seed: 1);
        var average = Values(model);
        for (var step = 0; step < 3; step++)
        {
            trainer.Apply(trainer.ComputeGradients([RandomBatch(step, 2, 1)], step), 0.01);
            average = [.. average.Zip(Values(model), (a, v) => MathF.FusedMultiplyAdd(0.5f, a, 0.5f * v))];
        }

        var actual = new float[average.Length];
        trainer.Optimizer.AverageWeights!.CopyTo(0, actual);
        Assert.Equal(average.Select(a => (double)a), actual.Select(a => (double)a), (a, b) => Math.Abs(a - b) <= 1e-6 * (1 + Math.Abs(a)));
    }

    [Fact]
    public void Quantised_weights_do_not_learn()
    {
        using var backend = Backends.Create(threads: 1);
        using var model = SmallModel("gpt2", backend);
        using var quantized = QuantizedModel.Of(model, Quantization.Int8);
        var error = Assert.Throws<CoppiceException>(() => new Trainer(quantized, new CausalObjective(), new OptimizerChain(model.Parameters, []), seed: 1));
        Assert.Contains("it can't be trained", error.Message, StringComparison.Ordinal);
    }

    private static float[] Train(int threads)
    {
        using var backend = Backends.Create(threads);
        using var model = SmallModel("gpt2", backend, dropout: 0.2f);
        using var trainer = NewTrainer(model);
        for (var step = 0; step < 5; step++)
        {
            trainer.Apply(trainer.ComputeGradients([RandomBatch(2 * step, 5, 0.8), RandomBatch(2 * step + 1, 5, 0.8)], step), 1e-2);
        }

        return Values(model);
    }

    internal static Trainer NewTrainer(LanguageModel model) =>
        new(model, new CausalObjective(), OptimizerRegistry.Create(model.Parameters, new OptimizerSection()), seed: 42);

    internal static LanguageModel SmallModel(string architecture, Backend backend, float dropout = 0, int layers = 2)
    {
        ModelConfiguration configuration = architecture == "gpt2"
            ? new Gpt2Configuration { VocabularySize = Vocabulary, HiddenSize = 48, Layers = layers, Heads = 4, MaxPositions = 64, IntermediateSize = 192, Dropout = dropout }
            : new LlamaConfiguration
            {
                Family = "llama", VocabularySize = Vocabulary, HiddenSize = 48, Layers = layers, Heads = 4, KeyValueHeads = 2, HeadSize = 12, MaxPositions = 64, IntermediateSize = 128, Dropout = dropout,
            };
        var model = configuration.Create(backend);
        model.Initialize(7);
        return model;
    }

    internal static PackedBatch RandomBatch(int seed, int documents, double counted)
    {
        var random = new Philox((ulong)seed, 99);
        var batch = new PackedBatch();
        for (var d = 0; d < documents; d++)
        {
            var at = (ulong)(d * 1000);
            var length = 5 + random.Integer(at, 40);
            var tokens = Enumerable.Range(0, length).Select(i => random.Integer(at + 1 + (ulong)i, Vocabulary)).ToArray();
            var targets = Enumerable.Range(0, length).Select(i => random.Integer(at + 200 + (ulong)i, Vocabulary)).ToArray();
            var weights = Enumerable.Range(0, length).Select(i => random.Uniform(at + 400 + (ulong)i) < counted ? 1f : 0f).ToArray();
            batch.Add(tokens, targets, weights);
        }

        return batch;
    }

    private static void Append(PackedBatch to, PackedBatch from)
    {
        for (var d = 0; d < from.DocumentCount; d++)
        {
            var (start, end) = (from.CumulativeLengths[d], from.CumulativeLengths[d + 1]);
            to.Add(from.Tokens.AsSpan(start, end - start), from.Targets.AsSpan(start, end - start), from.Weights.AsSpan(start, end - start));
        }
    }

    private static float[] Gradients(LanguageModel model)
    {
        var gradients = new float[model.Parameters.Gradients!.Count];
        model.Parameters.Gradients.CopyTo(0, gradients);
        return gradients;
    }

    private static float[] Values(LanguageModel model)
    {
        var values = new float[model.Parameters.Values.Count];
        model.Parameters.Values.CopyTo(0, values);
        return values;
    }
}
