using Coppice.Tensors;

namespace Coppice.Models.Tests;

public sealed class InitializationTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("gpt2-untied")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void Matrices_are_normal_norms_are_one_and_biases_zero(string name)
    {
        using var model = Initialized(Wide(name) with { InitializerRange = 0.03f }, seed: 1);
        foreach (var parameter in model.Parameters.Parameters)
        {
            var values = parameter.Tensor.ToArray();
            if (parameter.Shape.Rank == 1)
            {
                var constant = parameter.Name.EndsWith(".bias", StringComparison.Ordinal) ? 0f : 1f;
                Assert.All(values, value => Assert.Equal(constant, value));
                continue;
            }

            // The last matrix of each of the 2 · 2 residual branches is smaller by √4.
            var last = parameter.Name.EndsWith(".c_proj.weight", StringComparison.Ordinal) || parameter.Name.EndsWith("o_proj.weight", StringComparison.Ordinal) || parameter.Name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            var expected = last ? 0.015 : 0.03;
            var count = values.Length;
            Assert.InRange(values.Average(v => (double)v), -5 * expected / Math.Sqrt(count), 5 * expected / Math.Sqrt(count));
            var deviation = Math.Sqrt(values.Average(v => (double)v * v));
            Assert.InRange(deviation / expected, 1 - 5 / Math.Sqrt(2.0 * count), 1 + 5 / Math.Sqrt(2.0 * count));
            // Two thirds of a normal distribution lie within one deviation.
            Assert.InRange(values.Count(v => Math.Abs(v) < expected) / (double)count, 0.6827 - 5 * 0.4655 / Math.Sqrt(count), 0.6827 + 5 * 0.4655 / Math.Sqrt(count));
        }
    }

    [Fact]
    public void Norms_of_gemma_begin_as_nothing_added_to_one()
    {
        using var model = Initialized(Wide("gemma"), seed: 1);
        Assert.All(model.Parameters.Parameters.Where(p => p.Shape.Rank == 1), norm => Assert.All(norm.Tensor.ToArray(), value => Assert.Equal(0, value)));
    }

    [Fact]
    public void A_parameters_values_depend_on_the_seed_and_its_name_alone()
    {
        var configuration = (LlamaConfiguration)Wide("llama");
        using var model = Initialized(configuration, seed: 1);
        using var deeper = Initialized(configuration with { Layers = 3, MlpBias = true, VocabularySize = 60, TieEmbeddings = false }, seed: 1);
        using var reseeded = Initialized(configuration, seed: 2);
        foreach (var name in new[] { "model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.gate_proj.weight" })
        {
            Assert.Equal(model.Parameters[name].Tensor.ToArray(), deeper.Parameters[name].Tensor.ToArray());
            Assert.NotEqual(model.Parameters[name].Tensor.ToArray(), reseeded.Parameters[name].Tensor.ToArray());
        }
    }

    [Fact]
    public void Parameters_are_independent_of_each_other()
    {
        using var model = Initialized(Wide("llama"), seed: 1);
        var matrices = model.Parameters.Parameters.Where(p => p.Shape.Rank == 2).Select(p => p.Tensor.ToArray()).ToList();
        for (var i = 0; i < matrices.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var (a, b) = (matrices[i], matrices[j]);
                var count = Math.Min(a.Length, b.Length);
                var (dot, aa, bb) = (0.0, 0.0, 0.0);
                for (var k = 0; k < count; k++) (dot, aa, bb) = (dot + (double)a[k] * b[k], aa + (double)a[k] * a[k], bb + (double)b[k] * b[k]);
                Assert.InRange(dot / Math.Sqrt(aa * bb), -5 / Math.Sqrt(count), 5 / Math.Sqrt(count));
            }
        }
    }

    private static ModelConfiguration Wide(string name) => TinyModels.Configuration(name) switch
    {
        Gpt2Configuration gpt2 => gpt2 with { HiddenSize = 48, IntermediateSize = 96 },
        var other => other with { HiddenSize = 48, HeadSize = 12 },
    };

    private LanguageModel Initialized(ModelConfiguration configuration, ulong seed)
    {
        var model = configuration.Create(_backend, trainable: false);
        model.Initialize(seed);
        return model;
    }
}
