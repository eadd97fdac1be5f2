using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Modules that are put into layers: where they stand and what they compute.</summary>
public class BottleneckTests
{
    private const int D = 12;
    private const int M = 3;

    public static TheoryData<string> Architectures => [.. TinyModels.Names, .. TinyModels.EncoderNames, "t5", "t5-gated-untied"];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Every_architecture_has_the_places_that_the_papers_name(string architecture)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(architecture, backend);
        using var set = new AdapterSet(model);
        // T5's decoder has three halves a block, and its encoder is another stack.
        var (mlps, attentions) = architecture.StartsWith("t5", StringComparison.Ordinal) ? (4, 6) : (2, 2);
        Assert.Equal(mlps + attentions, set.Add("h", new AdapterSettings { Method = "houlsby" }, seed: 1).Targets.Count);
        foreach (var method in new[] { "pfeiffer", "parallel", "scaled-parallel" }) Assert.Equal(mlps, set.Add(method, new AdapterSettings { Method = method }, seed: 1).Targets.Count);
        Assert.Single(set.Add("domain", new AdapterSettings { Method = "mixda-domain", Layers = [1], Exclude = TargetPattern.Matching("encoder.block.*") }, seed: 1).Targets);
    }

    [Fact]
    public void Houlsby_trains_two_adapters_and_the_norms_of_each_layer()
    {
        using var adapted = new AdaptedModel("houlsby", "bert");
        Assert.Equal(2 * (2 * ((2 * D * M) + D + M) + 4 * D), adapted.Adapter.Parameters.Count);
        Assert.Equal(8, adapted.Adapter.BaseParameters.Count);
        Assert.All(adapted.Adapter.BaseParameters, name => Assert.Contains("LayerNorm", name, StringComparison.Ordinal));
        using var few = new AdaptedModel("houlsby", "llama", AdaptedModel.Settings("houlsby") with { Layers = [1] });
        Assert.Equal(["model.layers.1.input_layernorm.weight", "model.layers.1.post_attention_layernorm.weight"], few.Adapter.BaseParameters);
    }

    [Fact]
    public void A_serial_adapter_that_is_nearly_linear_folds_into_the_matrix_before_it()
    {
        using var adapted = new AdaptedModel("houlsby", "llama");
        Fill(adapted);
        var expected = adapted.AdaptedOutput();
        using var folded = TinyModels.Create("llama", adapted.Backend);
        foreach (var target in adapted.Adapter.Targets)
        {
            var (down, up) = (Values(adapted, target.Name + ".adapter_down.weight"), Values(adapted, target.Name + ".adapter_up.weight"));
            var weight = folded.Parameters[target.Name + ".weight"].Tensor;
            // (I + U · D) · W.
            weight.CopyFrom(Sum(weight.ToArray(), Product(up, Product(down, weight.ToArray(), M, D, target.Inputs), D, M, target.Inputs)));
        }

        Assert.True(AdaptedModel.RelativeError(expected, AdaptedModel.Output(folded)) < 1e-3);
        Assert.True(AdaptedModel.RelativeError(expected, adapted.Output()) > 1e-2);
    }

    [Fact]
    public void A_parallel_adapter_that_is_nearly_linear_is_a_low_rank_map_of_the_input_of_the_mlp_and_its_scale_multiplies_it()
    {
        using var once = new AdaptedModel("parallel", "llama");
        using var scaled = new AdaptedModel("scaled-parallel", "llama");
        Fill(once);
        Fill(scaled);
        var target = once.Adapter.Targets[0];
        var (down, up) = (Values(once, target.Name + ".adapter_down.weight"), Values(once, target.Name + ".adapter_up.weight"));
        var change = Change(once);
        Assert.True(AdaptedModel.RelativeError(Product(Input(), Transposed(Product(up, down, D, M, D)), 5, D, D), change) < 1e-3);
        Assert.True(AdaptedModel.RelativeError([.. change.Select(value => 4 * value)], Change(scaled)) < 1e-3);
    }

    [Fact]
    public void A_pfeiffer_adapter_reads_the_sum_with_the_residual_behind_the_norm_of_an_encoder_and_in_front_of_that_of_a_decoder()
    {
        foreach (var architecture in new[] { "bert", "gpt2" })
        {
            using var adapted = new AdaptedModel("pfeiffer", architecture, new AdapterSettings { Method = "pfeiffer", Rank = M });
            Fill(adapted, size: 0.5f);
            var target = adapted.Adapter.Targets[1];
            var (x, residual) = (Input(target.Inputs), Input(D, seed: 3));
            using var tape = new Tape(adapted.Backend) { Recording = false };
            var (xs, residuals) = (tape.Constant(new Shape(5, target.Inputs), x), tape.Constant(new Shape(5, D), residual));
            var sum = target.Slot.Forward(tape, xs, residuals).ToArray();
            adapted.Set.Activate(AdaptedModel.Name);
            var actual = target.Slot.ForwardResidual(tape, xs, residuals, dropout: 0).ToArray();
            var read = architecture == "bert" ? Normed(adapted.Model, target.Name.Replace(".dense", ".LayerNorm", StringComparison.Ordinal), sum) : sum;
            var (down, up) = (Values(adapted, target.Name + ".adapter_down.weight"), Values(adapted, target.Name + ".adapter_up.weight"));
            var inner = Product(read, Transposed(down, M, D), 5, D, M).Select(value => Math.Max(0, value)).ToArray();
            Assert.True(AdaptedModel.RelativeError(Sum(sum, Product(inner, Transposed(up, D, M), 5, M, D)), actual) < 1e-5, architecture);
        }
    }

    [Theory]
    [InlineData("houlsby")]
    [InlineData("pfeiffer")]
    [InlineData("parallel")]
    [InlineData("mixda-domain")]
    public void Dropout_of_the_base_leaves_a_new_adapter_without_effect(string method)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration("gpt2") with { Dropout = 0.3f }, backend);
        using var set = new AdapterSet(model);
        set.Add("a", AdaptedModel.Settings(method), seed: 1);
        var without = Dropped();
        set.Activate("a");
        Assert.Equal(without, Dropped());

        float[] Dropped()
        {
            using var tape = new Tape(backend) { Recording = false };
            tape.SeedRandom(5, 6);
            var input = new ModelInput(model);
            input.Set(tape, TinyModels.Tokens(9), [.. Enumerable.Range(0, 9)], [0, 9], training: true);
            return model.Hidden(tape, input).ToArray();
        }
    }

    [Fact]
    public void What_has_no_place_or_no_number_is_refused()
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create("llama", backend);
        using var set = new AdapterSet(model);
        Assert.Contains("last projection of an MLP", Refused(new() { Method = "parallel", Targets = TargetPattern.Of("q_proj") }), StringComparison.Ordinal);
        Assert.Contains("scale", Refused(new() { Method = "pfeiffer", Bottleneck = new() { Scale = double.NaN } }), StringComparison.Ordinal);
        Assert.Contains("rank", Refused(new() { Method = "houlsby", Rank = 0 }), StringComparison.Ordinal);

        string Refused(AdapterSettings settings) => Assert.Throws<CoppiceException>(() => set.Add("a", settings, seed: 1)).Message;
    }

    /// <summary>
    /// Values for both matrices, small in front of the activation and large behind it, so that tanh is nearly no function at all: not so small that its rounding counts.
    /// </summary>
    private static void Fill(AdaptedModel adapted, float size = 3e-4f)
    {
        foreach (var parameter in adapted.Adapter.Parameters.Parameters)
        {
            if (!parameter.Name.EndsWith(".weight", StringComparison.Ordinal) || !parameter.Name.Contains(".adapter_", StringComparison.Ordinal)) continue;
            var factor = parameter.Name.Contains(".adapter_down", StringComparison.Ordinal) ? size : 0.1f / size;
            var random = Initial.RandomOf(parameter.Name, 9);
            parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => factor * random.Normal((ulong)i))]);
        }
    }

    /// <summary>What the first MLP's adapter adds to its last projection.</summary>
    private static float[] Change(AdaptedModel adapted)
    {
        var target = adapted.Adapter.Targets[0];
        var gate = adapted.Model.Projections.First(slot => slot.Name == target.Name.Replace("down_proj", "gate_proj", StringComparison.Ordinal));
        using var tape = new Tape(adapted.Backend) { Recording = false };
        var inner = tape.Constant(new Shape(5, target.Inputs), Input(target.Inputs, seed: 4));
        var without = target.Slot.Forward(tape, inner).ToArray();
        adapted.Set.Activate(AdaptedModel.Name);
        gate.Forward(tape, tape.Constant(new Shape(5, D), Input()));
        var with = target.Slot.Forward(tape, inner).ToArray();
        adapted.Set.Deactivate();
        return [.. with.Zip(without, (a, b) => a - b)];
    }

    private static float[] Input(int columns = D, ulong seed = 1) => [.. Enumerable.Range(0, 5 * columns).Select(i => new Philox(seed, 2).Normal((ulong)i))];

    private static float[] Values(AdaptedModel adapted, string name) => adapted.Adapter.Parameters[name].Tensor.ToArray();

    private static float[] Sum(float[] x, float[] y) => [.. x.Zip(y, (a, b) => a + b)];

    private static float[] Transposed(float[] matrix, int rows = D, int columns = D) => [.. Enumerable.Range(0, matrix.Length).Select(i => matrix[i % rows * columns + i / rows])];

    private static float[] Product(float[] x, float[] y, int rows, int inner, int columns) =>
        [.. Enumerable.Range(0, rows * columns).Select(i => (float)Enumerable.Range(0, inner).Sum(k => (double)x[i / columns * inner + k] * y[k * columns + i % columns]))];

    private static float[] Normed(LanguageModel model, string norm, float[] rows)
    {
        var (weight, bias) = (model.Parameters[norm + ".weight"].Tensor.ToArray(), model.Parameters[norm + ".bias"].Tensor.ToArray());
        return [.. rows.Chunk(D).SelectMany(row =>
        {
            var mean = row.Average(value => (double)value);
            var deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + model.Configuration.NormEpsilon);
            return row.Select((value, i) => (float)((value - mean) / deviation * weight[i] + bias[i]));
        })];
    }
}
