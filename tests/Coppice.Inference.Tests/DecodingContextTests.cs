using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Inference.Tests;

public sealed class DecodingContextTests : IDisposable
{
    private const int Vocabulary = 50;

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Logits_token_by_token_are_those_of_the_full_pass(string name)
    {
        // Long enough for the cache to grow and, for mistral, for tokens to leave the window.
        using var model = TinyModels.Create(name, _backend, positions: 150);
        using var context = new DecodingContext(model);
        var tokens = TinyModels.Tokens(150);
        var full = TinyModels.Logits(model, tokens);
        Assert.Equal(Row(full, 9), context.Append(tokens.AsSpan(0, 10)).ToArray(), Close);
        for (var i = 10; i < 100; i++) Assert.Equal(Row(full, i), context.Append(tokens.AsSpan(i, 1)).ToArray(), Close);
        Assert.Equal(Row(full, 149), context.Append(tokens.AsSpan(100, 50)).ToArray(), Close);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("mistral")]
    public void A_full_context_goes_on_from_its_last_half(string name)
    {
        using var model = TinyModels.Create(name, _backend, positions: 16);
        using var context = new DecodingContext(model);
        var tokens = TinyModels.Tokens(40);
        for (var i = 0; i < tokens.Length; i++)
        {
            // 16 tokens fit. With the 17th, its last 8 are read anew; the next 8 fit again, and so on.
            var first = i < 16 ? 0 : 9 + (i - 16) / 9 * 9;
            var window = tokens[first..(i + 1)];
            Assert.Equal(Row(TinyModels.Logits(model, window), window.Length - 1), context.Append(tokens.AsSpan(i, 1)).ToArray(), Close);
        }
    }

    [Fact]
    public void A_sequence_longer_than_the_context_is_read_from_its_end()
    {
        using var model = TinyModels.Create("llama", _backend, positions: 16);
        using var context = new DecodingContext(model);
        var tokens = TinyModels.Tokens(100);
        Assert.Equal(Row(TinyModels.Logits(model, tokens[92..]), 7), context.Append(tokens).ToArray(), Close);
        context.Clear();
        Assert.Equal(Row(TinyModels.Logits(model, tokens[..5]), 4), context.Append(tokens.AsSpan(0, 5)).ToArray(), Close);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_token_more_allocates_no_managed_memory(string name)
    {
        // Not the reference kernels, which are there to be obvious.
        using var backend = Backends.Create(threads: 1, Backends.Supported[^1]);
        using var model = TinyModels.Create(name, backend, positions: 150);
        using var context = new DecodingContext(model);
        var sampler = new TokenSampler(new GenerationOptions { TopK = 10 });
        var token = 3;
        for (var n = 0; n < 80; n++) token = sampler.Next(context.Append([token]), n);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var n = 80; n < 120; n++) token = sampler.Next(context.Append([token]), n);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static float[] Row(float[] logits, int row) => logits[(row * Vocabulary)..((row + 1) * Vocabulary)];

    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-4;
}
