using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Corpus.Tests;

public class SpanCorruptionTests
{
    private const int Pad = 0, End = 1;

    private static readonly Tokenizer Letters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz "], ["<pad>", "</s>", "<unk>", .. Enumerable.Range(0, Sentinels.Usual).Select(Sentinels.Name)]);

    private static readonly MaskVocabulary Vocabulary = MaskVocabulary.Of(Letters);

    [Theory]
    [InlineData(0.15, 3)]
    [InlineData(0.5, 1)]
    [InlineData(0.9, 8)]
    [InlineData(0.01, 3)]
    public void What_is_read_and_what_is_written_are_together_the_text(double rate, double spanLength)
    {
        int[][] texts = [.. new[] { 2, 3, 7, 40, 568, 1000 }.Select(Text)];
        var pairs = Apply(texts, new SpanCorruptionOptions { Rate = rate, SpanLength = spanLength });
        Assert.Equal((texts.Length, 2 * texts.Length), (pairs.Pairs, pairs.DocumentCount));
        for (var i = 0; i < texts.Length; i++)
        {
            var (source, input, target) = (Tokens(pairs, i), Tokens(pairs, texts.Length + i), Targets(pairs, texts.Length + i));
            var n = texts[i].Length;
            var hidden = (int)Math.Clamp(Math.Round(rate * n), 1, n - 1);
            var spans = (int)Math.Clamp(Math.Round(hidden / spanLength), 1, Math.Min(Math.Min(hidden, n - hidden), Sentinels.Usual));
            Assert.Equal((n - hidden + spans + 1, hidden + spans + 1), (source.Length, target.Length));
            Assert.Equal(texts[i], Restore(source, target));
            // Each sentinel once in both, in order; a text begins with what stays, and what is written with a sentinel.
            Assert.Equal(Vocabulary.Sentinels.Take(spans), source.Where(Vocabulary.Sentinels.Contains));
            Assert.Equal(Vocabulary.Sentinels.Take(spans), target.Where(Vocabulary.Sentinels.Contains));
            Assert.Equal(texts[i][0], source[0]);
            Assert.Equal((Vocabulary.Sentinels[0], End, End), (target[0], target[^1], source[^1]));
            int[] shifted = [Pad, .. target[..^1]];
            Assert.Equal(shifted, input);
        }
    }

    [Fact]
    public void A_text_of_568_tokens_fills_an_input_of_512()
    {
        var pairs = Apply([Text(568)], new SpanCorruptionOptions());
        Assert.Equal((512, 114), (Tokens(pairs, 0).Length, Tokens(pairs, 1).Length));
    }

    [Fact]
    public void All_that_is_written_counts_or_the_tokens_of_the_text_alone()
    {
        int[][] texts = [Text(100), Text(30)];
        var (all, text) = (Apply(texts, new SpanCorruptionOptions()), Apply(texts, new SpanCorruptionOptions { CountsSentinels = false }));
        Assert.Equal(130, all.CandidateTokens);
        // 15 in 5 spans and 4 in 1, a sentinel for each span and an end for each text.
        Assert.Equal((15 + 4 + 6 + 2, 15 + 4), (all.CountedTokens, text.CountedTokens));
        Assert.Equal(all.Tokens[..all.Count], text.Tokens[..text.Count]);
        for (var i = 0; i < text.Count; i++)
        {
            var written = i >= text.CumulativeLengths[2];
            Assert.Equal(written ? 1 : 0, all.Weights[i]);
            Assert.Equal(written && text.Targets[i] != End && !Vocabulary.Sentinels.Contains(text.Targets[i]) ? 1 : 0, text.Weights[i]);
        }
    }

    [Fact]
    public void Tokens_around_texts_are_left_out_and_texts_of_one_token_too()
    {
        var batch = Batch([[.. Text(20), End], [110], [End], [Pad, 110, 111, End]]);
        var pairs = new PackedBatch();
        new SpanCorruption(Vocabulary, new SpanCorruptionOptions(), Pad).Apply(batch, pairs, 1, 1);
        Assert.Equal(2, pairs.Pairs);
        Assert.Equal(22, pairs.CandidateTokens);
        Assert.Equal(Text(20), Restore(Tokens(pairs, 0), Targets(pairs, 2)));
        Assert.Equal(new[] { 110, 111 }, Restore(Tokens(pairs, 1), Targets(pairs, 3)));
        // The sources are those of the documents.
        Assert.Equal([0, 3, 0, 3], Enumerable.Range(0, 4).Select(document => pairs.Sources[pairs.CumulativeLengths[document]]));
        new SpanCorruption(Vocabulary, new SpanCorruptionOptions(), Pad).Apply(Batch([[110]]), pairs, 1, 1);
        Assert.Equal((0, 0, 0), (pairs.Pairs, pairs.Count, pairs.CountedTokens));
    }

    [Fact]
    public void Seed_and_number_decide_and_every_token_but_the_first_is_taken_out_now_and_then()
    {
        int[][] texts = [Text(40)];
        var first = Apply(texts, new SpanCorruptionOptions(), number: 1);
        Assert.Equal(Tokens(first, 0), Tokens(Apply(texts, new SpanCorruptionOptions(), number: 1), 0));
        Assert.NotEqual(Tokens(first, 0), Tokens(Apply(texts, new SpanCorruptionOptions(), number: 2), 0));
        Assert.NotEqual(Tokens(first, 0), Tokens(Apply(texts, new SpanCorruptionOptions(), number: 1, seed: 2), 0));
        // Tokens that differ, so that one can be told from another: the places of the text as token ids would be.
        int[] places = [.. Enumerable.Range(0, 24).Select(i => 3 + Sentinels.Usual + i)];
        var hidden = new int[places.Length];
        for (var number = 0UL; number < 3000; number++)
        {
            foreach (var token in Targets(Apply([places], new SpanCorruptionOptions { SpanLength = 2 }, number), 1))
            {
                var place = Array.IndexOf(places, token);
                if (place >= 0) hidden[place]++;
            }
        }

        Assert.Equal(0, hidden[0]);
        Assert.All(hidden.Skip(1), count => Assert.True(count > 100, $"a token was taken out {count} times of 3000"));
        // Of 24 tokens, 4 are taken out.
        Assert.Equal(4 * 3000, hidden.Sum());
    }

    [Theory]
    [InlineData(6, 6, 1)]
    [InlineData(6, 3, 25)]
    [InlineData(6, 2, 100)]
    [InlineData(6, 1, 1)]
    public void Every_way_to_divide_is_as_likely(int half, int spanLength, int expected)
    {
        var ways = new Dictionary<string, int>();
        int[] places = [.. Enumerable.Range(0, 2 * half).Select(i => 3 + Sentinels.Usual + i)];
        for (var number = 0UL; number < 5000; number++)
        {
            var source = Tokens(Apply([places], new SpanCorruptionOptions { Rate = 0.5, SpanLength = spanLength }, number), 0);
            var way = string.Join(' ', source);
            ways[way] = ways.GetValueOrDefault(way) + 1;
        }

        // Two spans: five boundaries in what stays and five in what is taken out; three spans: ten pairs of boundaries each.
        Assert.Equal(expected, ways.Count);
        // Five deviations around the mean.
        var mean = 5000.0 / expected;
        if (expected > 1) Assert.All(ways.Values, count => Assert.InRange(count, mean - 5 * Math.Sqrt(mean), mean + 5 * Math.Sqrt(mean)));
    }

    [Fact]
    public void What_is_missing_or_out_of_range_is_one_line()
    {
        var plain = MaskVocabulary.Of(CharacterTrainer.Train(["abc"], ["<pad>", "</s>"]));
        Assert.Contains("<extra_id_0>", Assert.Throws<CoppiceException>(() => new SpanCorruption(plain, new SpanCorruptionOptions(), Pad)).Message, StringComparison.Ordinal);
        var endless = MaskVocabulary.Of(CharacterTrainer.Train(["abc"], ["<extra_id_0>"]));
        Assert.Contains("</s>", Assert.Throws<CoppiceException>(() => new SpanCorruption(endless, new SpanCorruptionOptions(), Pad)).Message, StringComparison.Ordinal);
        foreach (var options in new SpanCorruptionOptions[] { new() { Rate = 0 }, new() { Rate = 1 }, new() { Rate = double.NaN }, new() { SpanLength = 0.5 }, new() { SpanLength = double.NaN } })
            Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new SpanCorruption(Vocabulary, options, Pad)).ExitCode);
    }

    private static int[] Text(int length) => [.. Enumerable.Range(0, length).Select(i => 3 + Sentinels.Usual + (i * 7 + length) % 27)];

    private static PackedBatch Batch(int[][] documents)
    {
        var batch = new PackedBatch();
        for (var i = 0; i < documents.Length; i++) batch.Add(documents[i], documents[i], [.. documents[i].Select(_ => 1f)], source: i);
        return batch;
    }

    private static PackedBatch Apply(int[][] texts, SpanCorruptionOptions options, ulong number = 1, ulong seed = 1)
    {
        var pairs = new PackedBatch();
        new SpanCorruption(Vocabulary, options, Pad).Apply(Batch(texts), pairs, seed, number);
        return pairs;
    }

    private static int[] Tokens(PackedBatch batch, int document) => batch.Tokens[batch.CumulativeLengths[document]..batch.CumulativeLengths[document + 1]];

    private static int[] Targets(PackedBatch batch, int document) => batch.Targets[batch.CumulativeLengths[document]..batch.CumulativeLengths[document + 1]];

    /// <summary>The source with what was written behind each of its sentinels in that one's place.</summary>
    private static int[] Restore(int[] source, int[] target)
    {
        var text = new List<int>();
        foreach (var token in source[..^1])
        {
            if (Vocabulary.Sentinels.Contains(token)) text.AddRange(target.SkipWhile(written => written != token).Skip(1).TakeWhile(written => !Vocabulary.Sentinels.Contains(written) && written != End));
            else text.Add(token);
        }

        return [.. text];
    }
}
