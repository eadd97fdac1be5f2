using Coppice.Continual.Protection;
using Coppice.Continual.Tests.Toy;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;
using Coppice.Training.Objectives;

namespace Coppice.Continual.Tests.Protection;

public sealed class FisherDiagonalTests(MarkovWorld world) : IClassFixture<MarkovWorld>
{
    // A model without blocks is a softmax regression on the normalised embeddings.
    private static readonly Gpt2Configuration Regression = new()
    {
        VocabularySize = MarkovSource.Symbols, HiddenSize = 8, Layers = 0, Heads = 1, MaxPositions = 1, IntermediateSize = 8, TieEmbeddings = false, InitializerRange = 0.5f,
    };

    [Fact]
    public void Of_a_softmax_regression_it_is_the_analytic_one()
    {
        const int Rows = 100, Hidden = 8;
        using var model = Regression.Create(world.Backend);
        model.Initialize(3);
        using var fisher = FisherDiagonal.Estimate(model, Sampler(1), Rows);
        var actual = Values(model, fisher, "lm_head.weight");

        var (sampler, batch, expected) = (Sampler(1), new PackedBatch(), new double[MarkovSource.Symbols * Hidden]);
        for (var row = 0; row < Rows; row++)
        {
            sampler.Next(batch, 1);
            var (x, p) = (TinyModels.Hidden(model, [batch.Tokens[0]]), Softmax(TinyModels.Logits(model, [batch.Tokens[0]])));
            for (var v = 0; v < MarkovSource.Symbols; v++)
            {
                for (var i = 0; i < Hidden; i++) expected[(v * Hidden) + i] += Math.Pow((p[v] - (v == batch.Targets[0] ? 1 : 0)) * x[i], 2) / Rows;
            }
        }

        for (var i = 0; i < actual.Length; i++) Assert.Equal(expected[i], actual[i], (1e-5 * expected[i]) + 1e-9);
    }

    [Theory]
    [InlineData(FisherLabels.True)]
    [InlineData(FisherLabels.Sampled)]
    public void Of_an_even_prediction_it_is_p_times_one_less_p_times_the_square_of_the_input(FisherLabels labels)
    {
        const int Rows = 300, Hidden = 8;
        using var model = Regression.Create(world.Backend);
        model.Initialize(3);
        model.Head.Tensor.CopyFrom(new float[model.Head.Count]);
        using var fisher = FisherDiagonal.Estimate(model, Sampler(1), Rows, labels, seed: 4);
        var actual = Values(model, fisher, "lm_head.weight");

        // With all p equal, Σ over classes of (p - label)² is Σ p (1 - p) whatever the label.
        var (sampler, batch, squares) = (Sampler(1), new PackedBatch(), new double[Hidden]);
        for (var row = 0; row < Rows; row++)
        {
            sampler.Next(batch, 1);
            var x = TinyModels.Hidden(model, [batch.Tokens[0]]);
            for (var i = 0; i < Hidden; i++) squares[i] += (double)x[i] * x[i] / Rows;
        }

        const double P = 1.0 / MarkovSource.Symbols;
        for (var i = 0; i < Hidden; i++)
        {
            var sum = Enumerable.Range(0, MarkovSource.Symbols).Sum(v => (double)actual[(v * Hidden) + i]);
            Assert.Equal(MarkovSource.Symbols * P * (1 - P) * squares[i], sum, 1e-5 * sum);
        }
    }

    [Fact]
    public void It_is_never_negative_and_larger_than_the_squares_of_a_batch_by_about_its_size()
    {
        using var model = world.NewChild();
        using var fisher = FisherDiagonal.Estimate(model, Sampler(MarkovWorld.SequenceLength), 96);
        var values = new float[fisher.Values.Count];
        fisher.Values.CopyTo(0, values);
        Assert.All(values, value => Assert.True(value >= 0 && float.IsFinite(value)));

        using var trainer = ParentDistillationTests.NewTrainer(model, new CausalObjective());
        var (sampler, batch, batched) = (Sampler(MarkovWorld.SequenceLength), new PackedBatch(), 0.0);
        for (var i = 0; i < 2; i++)
        {
            sampler.Next(batch, MarkovWorld.SequencesPerStep);
            trainer.ComputeGradients([batch], 0);
            batched += model.Parameters.Gradients!.SumOfSquares() / 2;
        }

        Assert.InRange(values.Sum(value => (double)value) / batched, MarkovWorld.SequencesPerStep / 3.0, MarkovWorld.SequencesPerStep * 1.5);
    }

    [Fact]
    public void A_model_that_predicts_well_has_about_the_same_with_labels_of_its_own()
    {
        using var model = world.NewChild();
        double Sum(FisherLabels labels, ulong seed)
        {
            using var fisher = FisherDiagonal.Estimate(model, Sampler(MarkovWorld.SequenceLength), 100, labels, seed);
            var values = new float[fisher.Values.Count];
            fisher.Values.CopyTo(0, values);
            return values.Sum(value => (double)value);
        }

        var sampled = Sum(FisherLabels.Sampled, 1);
        Assert.InRange(sampled / Sum(FisherLabels.True, 0), 0.7, 1.4);
        Assert.NotEqual(sampled, Sum(FisherLabels.Sampled, 2));
        Assert.Equal(sampled, Sum(FisherLabels.Sampled, 1));
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        float[] Estimated(int threads)
        {
            using var backend = Backends.Create(threads);
            using var model = TinyModels.Create("llama", backend, vocabulary: MarkovSource.Symbols, trainable: true);
            using var fisher = FisherDiagonal.Estimate(model, Sampler(20), 40, FisherLabels.Sampled, seed: 1);
            var values = new float[fisher.Values.Count];
            fisher.Values.CopyTo(0, values);
            return values;
        }

        Assert.Equal(Estimated(1), Estimated(2));
    }

    [Fact]
    public void A_file_gives_it_back_and_a_grown_vocabulary_zeros()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("fisher.safetensors");
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create("gpt2", backend, vocabulary: MarkovSource.Symbols, trainable: true);
        using var fisher = FisherDiagonal.Estimate(model, Sampler(20), 10, FisherLabels.Sampled);
        fisher.Save(path, model.Parameters);
        using var loaded = FisherDiagonal.Load(path, model.Parameters);
        Assert.Equal((10, FisherLabels.Sampled), (loaded.Sequences, loaded.Labels));
        Assert.Equal(0, loaded.Values.SquaredDistance(fisher.Values));

        using var grown = TinyModels.Create("gpt2", backend, vocabulary: MarkovSource.Symbols + 6);
        using var larger = FisherDiagonal.Load(path, grown.Parameters);
        var name = grown.Head.Name;
        Assert.Equal([.. Values(model, fisher, name), .. new float[6 * grown.Configuration.HiddenSize]], Values(grown, larger, name));

        using var other = TinyModels.Create("llama", backend, vocabulary: MarkovSource.Symbols);
        Assert.Throws<CoppiceException>(() => FisherDiagonal.Load(path, other.Parameters));
        using var smaller = TinyModels.Create("gpt2", backend, vocabulary: MarkovSource.Symbols - 1);
        Assert.Contains("Estimate it anew", Assert.Throws<CoppiceException>(() => FisherDiagonal.Load(path, smaller.Parameters)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_no_diagonal_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("fisher.safetensors");
        using var backend = Backends.Create(1);
        using var parameters = new ParameterSet(backend, [new ParameterSpecification("w", new Shape(2, 2))]);
        foreach (var bad in (float[])[-1, float.NaN, float.PositiveInfinity])
        {
            SafetensorsWriter.Write(path, [TensorToWrite.Floats("w", [2, 2], new float[] { 1, 2, bad, 4 })], new Dictionary<string, string>
            {
                ["coppice.fisher.sequences"] = "3", ["coppice.fisher.labels"] = "True",
            });
            Assert.Contains(path, Assert.Throws<CoppiceException>(() => FisherDiagonal.Load(path, parameters)).Message, StringComparison.Ordinal);
        }

        SafetensorsWriter.Write(path, [TensorToWrite.Floats("w", [2, 2], new float[] { 1, 2, 3, 4 })]);
        Assert.Contains("no Fisher diagonal", Assert.Throws<CoppiceException>(() => FisherDiagonal.Load(path, parameters)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_online_form_keeps_a_share_of_the_older_one()
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create("gpt2", backend, vocabulary: MarkovSource.Symbols, trainable: true);
        using var older = FisherDiagonal.Estimate(model, Sampler(20), 10);
        using var newer = FisherDiagonal.Estimate(model, Sampler(20, seed: 9), 5);
        var (a, b) = (Values(model, older, model.Head.Name), Values(model, newer, model.Head.Name));
        older.Add(newer, 0.9);
        Assert.Equal(15, older.Sequences);
        Assert.All(Values(model, older, model.Head.Name).Select((value, i) => (value, i)), entry => Assert.Equal((0.9 * a[entry.i]) + b[entry.i], entry.value, 1e-6 * (a[entry.i] + b[entry.i]) + 1e-12));
    }

    private static float[] Values(LanguageModel model, FisherDiagonal fisher, string name)
    {
        var parameter = model.Parameters[name];
        var values = new float[parameter.Count];
        fisher.Values.CopyTo(parameter.Offset, values);
        return values;
    }

    private static double[] Softmax(float[] logits)
    {
        var sum = logits.Sum(logit => Math.Exp(logit));
        return [.. logits.Select(logit => Math.Exp(logit) / sum)];
    }

    private SequenceSampler Sampler(int sequenceLength, ulong seed = 7) => new([new SamplerSource("A", world.Sources[0].Training)], sequenceLength, seed);
}
