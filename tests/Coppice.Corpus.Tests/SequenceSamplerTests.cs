using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Tests;

public sealed class SequenceSamplerTests
{
    // Every token of a numbered store is its own place, so that what a window covers can be read off it.
    [Theory]
    [InlineData(1001, 10)]
    [InlineData(1001, 7)]
    [InlineData(65, 64)]
    [InlineData(100, 64)]
    [InlineData(3, 1)]
    [InlineData(2, 1)]
    public void Each_epoch_gives_each_window_once(int tokens, int length)
    {
        using var store = Numbered(tokens);
        var sampler = new SequenceSampler([new SamplerSource("x", store)], length, seed: 3);
        var windows = sampler.SequencesPerEpoch(0);
        Assert.Equal((tokens - 1) / length, windows);
        var batch = new PackedBatch();
        for (var epoch = 0; epoch < 4; epoch++)
        {
            var seen = new HashSet<int>();
            for (var i = 0L; i < windows; i++)
            {
                sampler.Next(batch, 1);
                Assert.Equal(length, batch.Count);
                for (var j = 0; j < batch.Count; j++)
                {
                    Assert.True(seen.Add(batch.Tokens[j]), $"epoch {epoch}: token {batch.Tokens[j]} came twice");
                    Assert.Equal(batch.Tokens[j] + 1, batch.Targets[j]);
                }
            }

            Assert.Equal(windows * length, seen.Count);
            Assert.Equal(epoch + 1, sampler.Epochs(0));
        }
    }

    [Fact]
    public void Epochs_differ_in_their_cuts_and_their_order()
    {
        using var store = Numbered(1001);
        var sampler = new SequenceSampler([new SamplerSource("x", store)], 10, seed: 3);
        var first = Starts(sampler, 100);
        var second = Starts(sampler, 100);
        Assert.NotEqual(first[0] % 10, second[0] % 10);

        // In order, all but one of the windows would follow the one before; shuffled, one does on average.
        Assert.InRange(first.Zip(first.Skip(1)).Count(pair => pair.Second == pair.First + 10), 0, 8);
        Assert.InRange(second.Zip(second.Skip(1)).Count(pair => pair.Second == pair.First + 10), 0, 8);

        // Nor may the second order be the first one, shifted.
        var shifts = first.Zip(second).CountBy(pair => (pair.Second - pair.First + 1000) % 1000).Max(shift => shift.Value);
        Assert.InRange(shifts, 1, 10);
    }

    [Fact]
    public void Over_many_epochs_every_token_is_seen_equally_often()
    {
        using var store = Numbered(20);
        var sampler = new SequenceSampler([new SamplerSource("x", store)], 8, seed: 5);
        var batch = new PackedBatch();
        var seen = new int[19];
        const int Epochs = 3000;
        for (var i = 0; i < 2 * Epochs; i++)
        {
            sampler.Next(batch, 1);
            foreach (var token in batch.Tokens.AsSpan(0, batch.Count)) seen[token]++;
        }

        // 16 of 19 places an epoch, each with the same probability: the standard deviation is 20.
        Assert.All(seen, count => Assert.InRange(count, Epochs * 16 / 19 - 100, Epochs * 16 / 19 + 100));
    }

    [Fact]
    public void Resuming_at_any_position_any_number_of_times_gives_the_same_stream()
    {
        using var small = Numbered(90);
        using var large = Numbered(777);
        SequenceSampler Fresh() => new([new SamplerSource("small", small, 1), new SamplerSource("large", large, 2.5)], 16, seed: 11);
        var whole = Fresh();
        var expected = new List<int[]>();
        var positions = new List<SamplerPosition>();
        var batch = new PackedBatch();
        for (var i = 0; i < 200; i++)
        {
            positions.Add(whole.Position);
            whole.Next(batch, 3);
            expected.Add(Everything(batch));
        }

        var random = new Random(4);
        var resumed = Fresh();
        for (var trial = 0; trial < 100; trial++)
        {
            var at = random.Next(positions.Count);
            if (trial % 3 == 0) resumed = Fresh();
            resumed.Restore(positions[at]);
            for (var i = at; i < Math.Min(at + 4, expected.Count); i++)
            {
                Assert.Equal(positions[i].DrawnBySource, resumed.Position.DrawnBySource);
                resumed.Next(batch, 3);
                Assert.Equal(expected[i], Everything(batch));
            }
        }
    }

    [Fact]
    public void The_stream_does_not_depend_on_the_batch_size()
    {
        using var store = Numbered(333);
        SequenceSampler Fresh() => new([new SamplerSource("x", store)], 10, seed: 2);
        var ones = new List<int>();
        var sixes = new List<int>();
        var batch = new PackedBatch();
        var sampler = Fresh();
        for (var i = 0; i < 60; i++)
        {
            sampler.Next(batch, 1);
            ones.AddRange(batch.Tokens.AsSpan(0, batch.Count));
        }

        sampler = Fresh();
        for (var i = 0; i < 10; i++)
        {
            sampler.Next(batch, 6);
            sixes.AddRange(batch.Tokens.AsSpan(0, batch.Count));
        }

        Assert.Equal(ones, sixes);
    }

    [Fact]
    public void Sources_are_mixed_by_weight_and_their_epochs_counted()
    {
        using var small = Numbered(101);
        using var large = Numbered(1001);
        var sampler = new SequenceSampler([new SamplerSource("small", small, 3), new SamplerSource("large", large, 1)], 10, seed: 1);
        var batch = new PackedBatch();
        for (var i = 0; i < 100; i++)
        {
            sampler.Next(batch, 4);
            Assert.Equal(30, batch.Sources.AsSpan(0, batch.Count).Count(0));
        }

        Assert.Equal([300, 100], sampler.Position.DrawnBySource);
        Assert.Equal(30, sampler.Epochs(0));
        Assert.Equal(1, sampler.Epochs(1));
    }

    [Fact]
    public void A_store_shorter_than_a_window_gives_all_it_has()
    {
        using var store = Numbered(5);
        var sampler = new SequenceSampler([new SamplerSource("x", store)], 1024, seed: 1);
        var batch = new PackedBatch();
        sampler.Next(batch, 2);
        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3], batch.Tokens[..batch.Count]);
        Assert.Equal([0, 4, 8], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
        Assert.Equal(2, sampler.Epochs(0));
    }

    [Fact]
    public void A_store_without_a_next_token_is_refused_by_name()
    {
        using var store = Numbered(1);
        var error = Assert.Throws<CoppiceException>(() => new SequenceSampler([new SamplerSource("tiny", store)], 8, seed: 1));
        Assert.Contains("tiny", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_of_two_tokenizers_are_refused()
    {
        using var one = Numbered(50);
        using var other = TokenStore.InMemory([new Document("1", "text", "x")], FakeTokenizer.Gpt2Like);
        Assert.Throws<CoppiceException>(() => new SequenceSampler([new SamplerSource("one", one), new SamplerSource("other", other)], 8, seed: 1));
    }

    [Fact]
    public void A_position_of_another_stream_or_an_impossible_one_is_refused()
    {
        using var store = Numbered(50);
        SequenceSampler Fresh(ulong seed) => new([new SamplerSource("x", store)], 8, seed);
        var sampler = Fresh(1);
        Assert.Throws<CoppiceException>(() => sampler.Restore(Fresh(2).Position));
        Assert.Throws<CoppiceException>(() => sampler.Restore(new SamplerPosition(sampler.Fingerprint, 5, [4])));
        Assert.Throws<CoppiceException>(() => sampler.Restore(new SamplerPosition(sampler.Fingerprint, -1, [-1])));
        Assert.Throws<CoppiceException>(() => sampler.Restore(new SamplerPosition(sampler.Fingerprint, 0, [0, 0])));
        Assert.Throws<CoppiceException>(() => sampler.Restore(new SamplerPosition(sampler.Fingerprint, 0, null!)));
        Assert.Equal(0, sampler.Position.Sequences);
    }

    [Fact]
    public void A_position_survives_json()
    {
        using var store = Numbered(50);
        var sampler = new SequenceSampler([new SamplerSource("x", store)], 8, seed: 1);
        sampler.Next(new PackedBatch(), 7);
        var saved = JsonSerializer.Deserialize<SamplerPosition>(JsonSerializer.Serialize(sampler.Position))!;
        var resumed = new SequenceSampler([new SamplerSource("x", store)], 8, seed: 1);
        resumed.Restore(saved);
        Assert.Equal([7], resumed.Position.DrawnBySource);
    }

    internal static TokenStore Numbered(int tokens) => TokenStore.InMemory([new Document("1", new string(' ', tokens), "x")], new CountingTokenizer());

    private static int[] Everything(PackedBatch batch) =>
        [.. batch.Tokens.AsSpan(0, batch.Count), .. batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1), .. batch.Sources.AsSpan(0, batch.Count)];

    private static List<int> Starts(SequenceSampler sampler, int sequences)
    {
        var batch = new PackedBatch();
        var starts = new List<int>();
        for (var i = 0; i < sequences; i++)
        {
            sampler.Next(batch, 1);
            starts.Add(batch.Tokens[0]);
        }

        return starts;
    }

    private sealed class CountingTokenizer : Tokenizers.ITokenizer
    {
        public int VocabularySize => 100_000;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public string Fingerprint => "counting";

        public void Encode(ReadOnlySpan<char> text, List<int> ids)
        {
            for (var i = 0; i < text.Length; i++) ids.Add(i);
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
    }
}
