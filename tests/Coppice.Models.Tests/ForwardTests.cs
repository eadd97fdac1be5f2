using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models.Tests;

public sealed class ForwardTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(TinyModels.Everything), MemberType = typeof(TinyModels))]
    public void Documents_packed_side_by_side_are_as_each_alone(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        int[][] documents = [TinyModels.Tokens(7, seed: 1), TinyModels.Tokens(1, seed: 2), TinyModels.Tokens(24, seed: 3), TinyModels.Tokens(12, seed: 4)];
        var packed = TinyModels.Hidden(model, documents);
        var alone = documents.SelectMany(document => TinyModels.Hidden(model, document)).ToArray();
        Assert.Equal(alone, packed, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void No_token_sees_a_later_one_and_each_sees_the_earlier_ones(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        var tokens = TinyModels.Tokens(12);
        var before = TinyModels.Hidden(model, tokens);
        tokens[6] = (tokens[6] + 1) % 50;
        var changed = Changed(before, TinyModels.Hidden(model, tokens));
        Assert.Equal(Enumerable.Range(6, 6), changed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_sliding_window_reaches_as_far_as_it_is_wide_in_each_layer(int layers)
    {
        using var model = TinyModels.Create(TinyModels.Configuration("mistral") with { Layers = layers }, _backend);
        var tokens = TinyModels.Tokens(20);
        var before = TinyModels.Hidden(model, tokens);
        tokens[3] = (tokens[3] + 1) % 50;
        // A window of 5 holds the token itself and 4 before it.
        Assert.Equal(Enumerable.Range(3, 1 + 4 * layers), Changed(before, TinyModels.Hidden(model, tokens)));
    }

    [Theory]
    [MemberData(nameof(TinyModels.Everything), MemberType = typeof(TinyModels))]
    public void Every_kernel_level_gives_the_same_logits(string name)
    {
        var tokens = TinyModels.Tokens(24);
        var logits = Backends.Supported.Select(level =>
        {
            using var backend = Backends.Create(threads: 2, level);
            using var model = TinyModels.Create(name, backend);
            return TinyModels.Logits(model, tokens);
        }).ToList();
        Assert.All(logits, actual => Assert.Equal(logits[0], actual, (a, b) => Math.Abs(a - b) < 1e-4));
    }

    [Theory]
    [InlineData("gpt2", 0f)]
    [InlineData("gpt2", 0.3f)]
    [InlineData("qwen3", 0f)]
    [InlineData("qwen3", 0.3f)]
    [InlineData("phi3", 0.3f)]
    [InlineData("gemma", 0f)]
    [InlineData("gpt_neox", 0.3f)]
    [InlineData("opt", 0f)]
    [InlineData("bert-untied", 0f)]
    [InlineData("roberta", 0.3f)]
    public void Recomputing_activations_changes_no_bit_of_the_gradients(string name, float dropout)
    {
        using var model = TinyModels.Create(TinyModels.Configuration(name) with { Dropout = dropout }, _backend, trainable: true);
        var (loss, gradients) = Gradients(model, recomputing: false, step: 1);
        var (recomputedLoss, recomputed) = Gradients(model, recomputing: true, step: 1);
        Assert.Equal(loss, recomputedLoss);
        Assert.Equal(gradients, recomputed);
        Assert.True(gradients.Count(g => g != 0) > gradients.Count / 2);
        // That dropout was at work shows in another step's gradients.
        Assert.Equal(dropout == 0, Gradients(model, recomputing: true, step: 2).Loss == loss);
    }

    [Fact]
    public void Tokens_and_positions_that_the_model_lacks_are_refused()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(model);
        var error = Assert.Throws<CoppiceException>(() => TinyModels.Pack(model, tape, [1, 50]));
        Assert.Contains("Token 50 is outside", error.Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => TinyModels.Pack(model, tape, [-1]));
        error = Assert.Throws<CoppiceException>(() => TinyModels.Pack(model, tape, TinyModels.Tokens(25)));
        Assert.Contains("at most 24 tokens", error.Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => input.Targets(tape, [50]));
        using var cache = model.CreateCache(8);
        Assert.Throws<ArgumentException>(() => input.Set(tape, TinyModels.Tokens(9), cache));
        Assert.Throws<InvalidOperationException>(() => new ModelInput(model).Tokens);
    }

    private static (float Loss, List<float> Gradients) Gradients(LanguageModel model, bool recomputing, ulong step)
    {
        using var tape = new Tape(model.Backend) { Recomputing = recomputing };
        tape.SeedRandom(1, step);
        model.Parameters.Gradients!.Clear();
        var tokens = TinyModels.Tokens(20);
        var input = new ModelInput(model);
        input.Set(tape, tokens, [.. Enumerable.Range(0, 12), .. Enumerable.Range(0, 8)], [0, 12, 20], training: true);
        var hidden = model.Hidden(tape, input);
        var weights = tape.Constant(new Shape(20), Enumerable.Repeat(1f, 20).ToArray());
        var loss = model.CrossEntropy(tape, hidden, input.Targets(tape, TinyModels.Tokens(20, seed: 8)), weights, new CrossEntropyOptions(1f / 20));
        tape.Backward(loss);
        return (loss.Item, [.. model.Parameters.Parameters.SelectMany(p => p.Tensor.GradientToArray())]);
    }

    private static IEnumerable<int> Changed(float[] before, float[] after) =>
        Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).Select(i => i / 12).Distinct();
}
