using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Loop;

public sealed class SequenceStepsTests
{
    private static readonly TrainingSection Growing = new() { BatchSize = 4, Accumulation = 2, SequenceLength = 32, FirstLength = 4, LengthWarmupSteps = 6 };

    [Fact]
    public void Fragments_grow_by_a_factor_until_they_are_whole_sequences_of_the_same_tokens()
    {
        using var store = Store();
        var (whole, growing) = (new SequenceSteps(Sampler(store), Growing with { FirstLength = 0 }), new SequenceSteps(Sampler(store), Growing));
        var longest = new List<int>();
        for (var step = 0; step < 9; step++)
        {
            var (expected, cut) = (whole.Next().ToArray(), growing.Next().ToArray());
            Assert.Equal(2, cut.Length);
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(expected[i].Tokens[..64], cut[i].Tokens[..64]);
                Assert.Equal(expected[i].Targets[..64], cut[i].Targets[..64]);
            }

            longest.Add(Longest(cut));
        }

        // 4 · 8^(step / 6), and whole from step 6 on.
        Assert.Equal([4, 6, 8, 11, 16, 23, 32, 32, 32], longest);
    }

    [Fact]
    public void A_run_that_goes_on_goes_on_with_the_length_of_its_step()
    {
        using var store = Store();
        var steps = new SequenceSteps(Sampler(store), Growing);
        for (var step = 0; step < 3; step++) steps.Next();
        var resumed = new SequenceSteps(Sampler(store), Growing);
        resumed.Restore(steps.Position);
        Assert.Equal(11, Longest(steps.Next()));
        Assert.Equal(11, Longest(resumed.Next()));
    }

    [Theory]
    [InlineData("first_length: 8", "training.length_warmup_steps")]
    [InlineData("length_warmup_steps: 8", "training.first_length")]
    [InlineData("first_length: 32, length_warmup_steps: 8", "must be less than 'training.sequence_length' (32)")]
    public void Settings_that_say_half_of_it_are_refused(string settings, string part)
    {
        var error = Assert.Throws<CoppiceException>(() => Recipe.Parse($"training: {{ steps: 10, sequence_length: 32, {settings} }}"));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static int Longest(ReadOnlySpan<PackedBatch> batches)
    {
        var longest = 0;
        foreach (var batch in batches)
        {
            for (var document = 0; document < batch.DocumentCount; document++) longest = Math.Max(longest, batch.CumulativeLengths[document + 1] - batch.CumulativeLengths[document]);
        }

        return longest;
    }

    private static SequenceSampler Sampler(TokenStore store) => new([new SamplerSource("x", store)], 32, seed: 5);

    private static TokenStore Store() => TokenStore.InMemory([new Document("1", new string('x', 3000), "x")], new CountingTokenizer());

    /// <summary>Each character is a token of its own: its place.</summary>
    private sealed class CountingTokenizer : Tokenizers.ITokenizer
    {
        public int VocabularySize => 100_000;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public string Fingerprint => "counting";

        public void Encode(ReadOnlySpan<char> text, List<int> ids) => ids.AddRange(Enumerable.Range(0, text.Length));

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
    }
}
