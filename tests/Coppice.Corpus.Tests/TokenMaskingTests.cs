using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Corpus.Tests;

public class TokenMaskingTests
{
    private const int Begin = 2, End = 3, Mask = 4;
    private const string Text = "The quick brown foxes, jumping quickly over lazily sleeping dogs; and then again the quickest brownish fox jumped over the laziest dog.";

    private static readonly Tokenizer Bpe = BpeTrainer.Train(
        Enumerable.Repeat("The quick brown fox jumps over the lazy dog.", 20),
        new BpeTrainerOptions { VocabularySize = 300, SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] });

    private static readonly MaskVocabulary Vocabulary = MaskVocabulary.Of(Bpe);

    [Theory]
    [InlineData(MaskUnit.Tokens)]
    [InlineData(MaskUnit.Words)]
    [InlineData(MaskUnit.Spans)]
    public void Chosen_tokens_are_targets_and_all_others_stay_as_they_were(MaskUnit unit)
    {
        var (original, batch) = (Documents(40), Documents(40));
        Apply(batch, new MaskingOptions { Unit = unit }, number: 1);
        Assert.Equal(original.Tokens[..original.Count], batch.Targets[..batch.Count]);
        for (var i = 0; i < batch.Count; i++)
        {
            Assert.True(batch.Weights[i] is 0 or 1);
            if (batch.Weights[i] == 0) Assert.Equal(original.Tokens[i], batch.Tokens[i]);
            else Assert.False(Vocabulary.IsSpecial(original.Tokens[i]));
        }

        var text = original.Tokens.Take(original.Count).Count(token => !Vocabulary.IsSpecial(token));
        Assert.Equal(text, batch.CandidateTokens);
        Assert.Equal(batch.Weights.Take(batch.Count).Count(weight => weight > 0), batch.CountedTokens);
        var budget = (int)Math.Round(0.15 * text);
        if (unit == MaskUnit.Words) Assert.InRange(batch.CountedTokens, 0.8 * budget, budget);
        else Assert.Equal(budget, batch.CountedTokens);
    }

    [Fact]
    public void Of_the_chosen_four_in_five_are_masked_and_one_in_ten_is_another_token()
    {
        var (masked, random, unchanged, total) = (0.0, 0.0, 0.0, 0.0);
        for (var number = 0UL; number < 200; number++)
        {
            var batch = Documents(20);
            Apply(batch, new MaskingOptions(), number);
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch.Weights[i] == 0) continue;
                total++;
                if (batch.Tokens[i] == Mask) masked++;
                else if (batch.Tokens[i] == batch.Targets[i]) unchanged++;
                else
                {
                    random++;
                    Assert.False(Vocabulary.IsSpecial(batch.Tokens[i]));
                }
            }
        }

        // Three standard deviations.
        Assert.InRange(masked / total, 0.8 - 3 * Math.Sqrt(0.16 / total), 0.8 + 3 * Math.Sqrt(0.16 / total));
        Assert.InRange(random / total, 0.1 - 3 * Math.Sqrt(0.09 / total), 0.1 + 3 * Math.Sqrt(0.09 / total));
        Assert.InRange(unchanged / total, 0.1 - 3 * Math.Sqrt(0.09 / total), 0.1 + 3 * Math.Sqrt(0.09 / total));
    }

    [Fact]
    public void The_same_seed_and_number_hide_the_same_and_another_number_hides_other_tokens()
    {
        float[] Weights(ulong seed, ulong number)
        {
            var batch = Documents(10);
            new TokenMasking(Vocabulary, new MaskingOptions()).Apply(batch, seed, number);
            return batch.Weights[..batch.Count];
        }

        Assert.Equal(Weights(7, 3), Weights(7, 3));
        Assert.NotEqual(Weights(7, 3), Weights(7, 4));
        Assert.NotEqual(Weights(7, 3), Weights(8, 3));
    }

    [Fact]
    public void Every_token_of_the_text_is_hidden_as_often_as_any_other()
    {
        var counts = new int[Documents(2).Count];
        const int Draws = 3000;
        for (var number = 0UL; number < Draws; number++)
        {
            var batch = Documents(2);
            Apply(batch, new MaskingOptions(), number);
            for (var i = 0; i < batch.Count; i++) counts[i] += (int)batch.Weights[i];
        }

        var example = Documents(2);
        var deviation = Math.Sqrt(Draws * 0.15 * 0.85);
        for (var i = 0; i < counts.Length; i++)
        {
            if (Vocabulary.IsSpecial(example.Tokens[i])) Assert.Equal(0, counts[i]);
            else Assert.InRange(counts[i], 0.15 * Draws - 5 * deviation, 0.15 * Draws + 5 * deviation);
        }
    }

    [Fact]
    public void Whole_words_are_hidden_or_shown_and_never_split()
    {
        for (var number = 0UL; number < 20; number++)
        {
            var batch = Documents(20);
            Apply(batch, new MaskingOptions { Unit = MaskUnit.Words, MaskShare = 1, RandomShare = 0 }, number);
            for (var i = 1; i < batch.Count; i++)
            {
                if (batch.Positions[i] > 0 && Vocabulary.ContinuesWord(batch.Targets[i - 1], batch.Targets[i])) Assert.Equal(batch.Weights[i - 1], batch.Weights[i]);
            }
        }
    }

    [Fact]
    public void Words_of_a_byte_level_vocabulary_begin_with_spaces_and_marks()
    {
        var ids = new List<int>();
        Bpe.Encode("jumped over-lazily 12", ids);
        var words = new List<string>();
        for (var i = 0; i < ids.Count; i++)
        {
            var token = Bpe.Decode([ids[i]]);
            if (i > 0 && Vocabulary.ContinuesWord(ids[i - 1], ids[i])) words[^1] += token;
            else words.Add(token);
        }

        Assert.Equal(["jumped", " over", "-", "lazily", " 12"], words);
    }

    [Fact]
    public void Spans_are_runs_of_words_of_the_lengths_that_the_distribution_gives()
    {
        var lengths = new List<int>();
        for (var number = 0UL; number < 400; number++)
        {
            // Words of one token each, few of them hidden, so that runs seldom meet.
            var batch = new PackedBatch();
            int[] tokens = [.. Enumerable.Range(10, 200)];
            batch.Add(tokens, tokens, [.. Enumerable.Repeat(1f, 200)]);
            new TokenMasking(MaskVocabulary.Plain(300), new MaskingOptions { Unit = MaskUnit.Spans, Rate = 0.03 }).Apply(batch, 1, number);
            var run = 0;
            for (var i = 0; i <= 200; i++)
            {
                if (i < 200 && batch.Weights[i] > 0) run++;
                else if (run > 0)
                {
                    lengths.Add(run);
                    run = 0;
                }
            }
        }

        // Six are hidden at a time: what is longer is cut there.
        var expected = Enumerable.Range(1, 10).Sum(length => Math.Min(length, 6) * 0.2 * Math.Pow(0.8, length - 1)) / (1 - Math.Pow(0.8, 10));
        Assert.True(lengths.Average() > 2 && lengths.Average() < expected, $"{lengths.Average()} words on average, {expected} at most");
        Assert.Equal(6, lengths.Max());
    }

    [Fact]
    public void Batches_without_text_and_of_one_token_are_no_accident()
    {
        var batch = new PackedBatch();
        batch.Add([Begin, End], [End, Begin], [1, 1]);
        Apply(batch, new MaskingOptions(), number: 0);
        Assert.Equal(0, batch.CountedTokens);
        batch.Clear();
        batch.Add([Begin, 9, End], [9, End, Begin], [1, 1, 1]);
        Apply(batch, new MaskingOptions(), number: 0);
        Assert.Equal([0f, 1f, 0f], batch.Weights[..3]);
    }

    [Fact]
    public void Without_a_mask_token_nothing_can_be_masked_but_tokens_can_be_swapped()
    {
        var plain = MaskVocabulary.Of(BpeTrainer.Train(["some text, some more text"], new BpeTrainerOptions { VocabularySize = 270 }));
        var error = Assert.Throws<CoppiceException>(() => new TokenMasking(plain, new MaskingOptions()));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        var (original, batch) = (Documents(10), Documents(10));
        new TokenMasking(Vocabulary, new MaskingOptions { MaskShare = 0, RandomShare = 1 }).Apply(batch, 1, 1);
        for (var i = 0; i < batch.Count; i++) Assert.Equal(batch.Weights[i] > 0, batch.Tokens[i] != original.Tokens[i]);
        Assert.Throws<CoppiceException>(() => new TokenMasking(Vocabulary, new MaskingOptions { Rate = 0 }));
        Assert.Throws<CoppiceException>(() => new TokenMasking(Vocabulary, new MaskingOptions { MaskShare = 0.9, RandomShare = 0.2 }));
    }

    private static void Apply(PackedBatch batch, MaskingOptions options, ulong number) => new TokenMasking(Vocabulary, options).Apply(batch, 5, number);

    private static PackedBatch Documents(int count)
    {
        var batch = new PackedBatch();
        for (var document = 0; document < count; document++)
        {
            var ids = new List<int> { Begin };
            Bpe.Encode(Text.AsSpan(document % 17), ids);
            ids.Add(End);
            int[] tokens = [.. ids];
            batch.Add(tokens, tokens, [.. Enumerable.Repeat(1f, tokens.Length)]);
        }

        return batch;
    }
}
