using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Inference.Tests;

public sealed class BatchedCacheTests : IDisposable
{
    private const int Vocabulary = 50;

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Several_sequences_in_one_pass_have_the_logits_that_each_has_alone(string name)
    {
        using var model = TinyModels.Create(name, _backend, positions: 40);
        using var cache = model.CreateCache(capacity: 40, slots: 4);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(model);
        var sequences = Enumerable.Range(0, 4).Select(i => TinyModels.Tokens(40, seed: (ulong)i + 3)).ToArray();
        var expected = sequences.Select(tokens => TinyModels.Logits(model, tokens)).ToArray();
        // Prompts of other lengths, then single tokens beside pieces of prompts; slots in another order than before, and not all of them each time.
        CacheRun[][] passes =
        [
            [new(2, 7), new(0, 1), new(3, 12)],
            [new(0, 1), new(2, 1), new(3, 1)],
            [new(3, 1), new(1, 20), new(0, 3), new(2, 1)],
            [new(0, 1), new(1, 1), new(2, 1), new(3, 1)],
            [new(1, 5)],
        ];
        foreach (var runs in passes)
        {
            input.Set(tape, [.. runs.SelectMany(run => sequences[run.Slot].AsSpan(cache.LengthOf(run.Slot), run.Tokens).ToArray())], cache, runs);
            var logits = model.Logits(tape, model.Hidden(tape, input)).ToArray();
            tape.Reset();
            foreach (var run in runs)
            {
                var first = cache.LengthOf(run.Slot);
                Assert.Equal(expected[run.Slot][(first * Vocabulary)..((first + run.Tokens) * Vocabulary)], logits[..(run.Tokens * Vocabulary)], Close);
                logits = logits[(run.Tokens * Vocabulary)..];
                cache.Advance(run.Tokens, run.Slot);
            }
        }

        Assert.Equal([6, 26, 10, 15], Enumerable.Range(0, 4).Select(cache.LengthOf));
    }

    [Fact]
    public void A_sequence_has_the_same_bits_in_any_slot_and_beside_any_others()
    {
        using var model = TinyModels.Create("llama", _backend, positions: 40);
        var tokens = TinyModels.Tokens(20);
        var alone = Logits(model, slot: 0, beside: []);
        Assert.Equal(alone, Logits(model, slot: 2, beside: []));
        // Products of 8 rows and more are the same kernel, whatever the other rows are.
        Assert.Equal(alone, Logits(model, slot: 1, beside: [0, 2]));

        float[] Logits(LanguageModel of, int slot, int[] beside)
        {
            using var cache = of.CreateCache(capacity: 40, slots: 3);
            using var tape = new Tape(_backend) { Recording = false };
            var input = new ModelInput(of);
            CacheRun[] runs = [new(slot, 20), .. beside.Select(other => new CacheRun(other, 9 + other))];
            input.Set(tape, [.. tokens, .. beside.SelectMany(other => TinyModels.Tokens(9 + other, seed: 99))], cache, runs);
            return of.Logits(tape, of.Hidden(tape, input)).ToArray()[..(20 * Vocabulary)];
        }
    }

    [Fact]
    public void A_copied_beginning_is_that_of_the_sequence()
    {
        using var model = TinyModels.Create("gpt2", _backend, positions: 40);
        using var cache = model.CreateCache(capacity: 40, slots: 2);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(model);
        var tokens = TinyModels.Tokens(20);
        Pass(tokens, 0);
        cache.CopyFirst(1, cache, 0, 12);
        Assert.Equal(12, cache.LengthOf(1));
        Assert.Equal(TinyModels.Logits(model, tokens)[(12 * Vocabulary)..], Pass(tokens[12..], 1), Close);

        float[] Pass(int[] next, int slot)
        {
            input.Set(tape, next, cache, [new CacheRun(slot, next.Length)]);
            var logits = model.Logits(tape, model.Hidden(tape, input)).ToArray();
            tape.Reset();
            cache.Advance(next.Length, slot);
            return logits;
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var model = TinyModels.Create("gpt2", _backend, positions: 40);
        using var cache = model.CreateCache(capacity: 8, slots: 2);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(model);
        Assert.Throws<ArgumentException>(() => input.Set(tape, TinyModels.Tokens(9), cache, [new CacheRun(1, 9)]));
        Assert.Throws<ArgumentException>(() => input.Set(tape, TinyModels.Tokens(5), cache, [new CacheRun(0, 3), new CacheRun(1, 3)]));
        Assert.Throws<ArgumentException>(() => input.Set(tape, TinyModels.Tokens(5), cache, [new CacheRun(0, 3)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.CopyFirst(1, cache, 0, 1));
    }

    // Sums are taken in another order for few rows than for many.
    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-4;
}
