using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

/// <summary>The trainers of WordPiece and Unigram tokenizers.</summary>
public class PieceTrainingTests
{
    private static readonly WordPieceTrainerOptions SmallWordPiece = new() { VocabularySize = 300 };
    private static readonly UnigramTrainerOptions SmallUnigram = new() { VocabularySize = 400, CharacterCoverage = 1 };

    [Fact]
    public void WordPiece_merges_the_most_frequent_pair_and_tells_where_a_word_begins()
    {
        var tokenizer = WordPieceTrainer.Train(["ab ab ab", "bab cab"], SmallWordPiece with { SpecialTokens = ["[UNK]"], MinFrequency = 2 });
        // The symbols, those inside words apart; then "##ab" of bab and cab is as frequent as nothing else but "ab".
        Assert.Equal(["[UNK]", "a", "b", "c", "##a", "##b", "ab", "##ab"], Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IdToToken));
        Assert.Equal([6, 2, 7, 0], tokenizer.Encode("ab bab abx"));
        Assert.Equal("ab bab", tokenizer.Decode(tokenizer.Encode("ab BÁB").ToArray()));
    }

    [Fact]
    public void WordPiece_begins_and_ends_a_text_as_BERT_does()
    {
        var tokenizer = WordPieceTrainer.Train(SmallTokenizers.Sentences(100), SmallWordPiece);
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], Enumerable.Range(0, 5).Select(tokenizer.IdToToken));
        Assert.Equal((2, 3), (tokenizer.BeginOfText, tokenizer.EndOfText));
        Assert.Equal([2, .. tokenizer.Encode("the ing"), 3], tokenizer.EncodeWithSpecialTokens("the ing"));
        Assert.Equal(4, tokenizer.EncodeWithSpecialTokens("the [MASK]")[^2]);
        Assert.DoesNotContain(4, tokenizer.Encode("the [MASK]"));
    }

    [Fact]
    public void Unigram_writes_every_text_and_gives_it_back()
    {
        var tokenizer = UnigramTrainer.Train(SmallTokenizers.Sentences(100), SmallUnigram);
        Assert.Equal(400, tokenizer.VocabularySize);
        Assert.Equal((1, 2), (tokenizer.BeginOfText, tokenizer.EndOfText));
        foreach (var text in SmallTokenizers.Sentences(20).Concat(Enumerable.Range(0, 300).Select(FuzzStrings.Make)).Append("  a  b \n\n c").Append("<0x41></s>"))
        {
            if (text.Contains('▁')) continue;
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text).ToArray(), skipSpecialTokens: false));
        }
    }

    [Fact]
    public void Unigram_finds_the_words_that_a_text_is_made_of()
    {
        var random = new Random(3);
        string[] words = ["coppice", "rootstock", "anew", "harvest"];
        var texts = Enumerable.Range(0, 300).Select(_ => string.Join(' ', Enumerable.Range(0, 8).Select(_ => words[random.Next(words.Length)]))).ToList();
        var tokenizer = UnigramTrainer.Train(texts, SmallUnigram with { VocabularySize = 3 + 256 + 20 });
        Assert.All(words, word => Assert.NotNull(tokenizer.TokenToId("▁" + word)));
        Assert.Equal(["▁harvest", "▁anew"], tokenizer.EncodeWithOffsets("harvest anew", addSpecialTokens: false).Tokens);
    }

    [Fact]
    public void Unigram_scores_are_logarithms_of_probabilities()
    {
        var tokenizer = UnigramTrainer.Train(SmallTokenizers.Sentences(100), SmallUnigram);
        using var document = System.Text.Json.JsonDocument.Parse(tokenizer.ToJson());
        var scores = document.RootElement.GetProperty("model").GetProperty("vocab").EnumerateArray().Skip(3 + 256).Select(piece => piece[1].GetDouble()).ToList();
        Assert.Equal(scores.OrderDescending(), scores);
        // Somewhat below 1: the estimate takes from rare pieces, and the least useful ones are gone.
        Assert.InRange(scores.Sum(Math.Exp), 0.8, 1.001);
    }

    [Fact]
    public void The_result_does_not_depend_on_threads()
    {
        var texts = SmallTokenizers.Sentences(300).ToList();
        Assert.Equal(WordPieceTrainer.Train(texts, SmallWordPiece with { Threads = 1 }).ToJson(), WordPieceTrainer.Train(texts, SmallWordPiece with { Threads = 5 }).ToJson());
        Assert.Equal(UnigramTrainer.Train(texts, SmallUnigram with { Threads = 1 }).ToJson(), UnigramTrainer.Train(texts, SmallUnigram with { Threads = 5 }).ToJson());
    }

    [Fact]
    public void Seeds_are_the_substrings_that_go_on_in_several_ways_with_their_frequency_times_length()
    {
        var counts = new WordCounts();
        counts.Add("abcx"u8, 2);
        counts.Add("abcy"u8, 3);
        counts.Add("zab"u8, 1);
        var words = UnigramWords.Of(counts, "abcxyz".Select(unit => (int)unit));
        var seeds = UnigramSeeds.Find(words, 100, 16, CancellationToken.None);
        var scale = 6 / Math.Exp(seeds.Single(seed => seed.Text == "a").Score);
        Assert.Equal(
            [("a", 6), ("ab", 12), ("abc", 15), ("abcx", 8), ("abcy", 12), ("b", 6), ("bc", 10), ("bcx", 6), ("bcy", 9), ("c", 5), ("cx", 4), ("cy", 6), ("x", 2), ("y", 3), ("z", 1)],
            seeds.Select(seed => (seed.Text, (int)Math.Round(scale * Math.Exp(seed.Score)))).OrderBy(seed => seed.Text, StringComparer.Ordinal));
    }

    [Fact]
    public void Expected_frequencies_are_those_of_all_ways_to_put_a_word_together()
    {
        var lattice = new UnigramLattice([new("a", Math.Log(0.5)), new("b", Math.Log(0.25)), new("ab", Math.Log(0.25))]);
        var expected = new double[3];
        lattice.AddExpected("ab", 3, expected);
        // "a b" has 1/8, "ab" 1/4.
        Assert.Equal([1.0, 1.0, 2.0], expected.Select(value => Math.Round(value, 12)));
        var alternative = new List<int>();
        Assert.True(lattice.FindAlternative("ab", 2, alternative, out var isBest));
        Assert.Equal([0, 1], alternative.Order());
        Assert.True(isBest);
        Assert.False(lattice.FindAlternative("a", 0, alternative, out _));
    }

    [Fact]
    public void Contradicting_options_and_empty_texts_are_refused()
    {
        Assert.Throws<CoppiceException>(() => WordPieceTrainer.Train([""], SmallWordPiece));
        Assert.Throws<CoppiceException>(() => WordPieceTrainer.Train(["a"], SmallWordPiece with { SpecialTokens = [] }));
        Assert.Throws<CoppiceException>(() => WordPieceTrainer.Train(["a"], SmallWordPiece with { VocabularySize = 5 }));
        Assert.Throws<CoppiceException>(() => WordPieceTrainer.Train(["a"], SmallWordPiece with { AlphabetSize = 0 }));
        Assert.Throws<CoppiceException>(() => UnigramTrainer.Train([""], SmallUnigram));
        Assert.Throws<CoppiceException>(() => UnigramTrainer.Train(["a"], SmallUnigram with { VocabularySize = 100 }));
        Assert.Throws<CoppiceException>(() => UnigramTrainer.Train(["a"], SmallUnigram with { SpecialTokens = ["<s>"] }));
        Assert.Throws<CoppiceException>(() => UnigramTrainer.Train(["a"], SmallUnigram with { ShrinkingFactor = 1 }));
        Assert.Throws<CoppiceException>(() => UnigramTrainer.Train(["a"], SmallUnigram with { MaxPieceLength = 0 }));
        Assert.Throws<CoppiceException>(() => UnigramTrainer.Train(["a"], SmallUnigram with { CharacterCoverage = 0 }));
        Assert.ThrowsAny<OperationCanceledException>(() => UnigramTrainer.Train(SmallTokenizers.Sentences(50), SmallUnigram with { Cancellation = new CancellationToken(true) }));
    }

    [SharedDataFact("oracles/tokenizers")]
    public void WordPiece_learns_the_vocabulary_of_the_reference()
    {
        // The reference numbers symbols in the order of a hash table, so its ties fall otherwise; its special tokens were added afterwards.
        var reference = Tokenizer.Load(SharedData.At("oracles/tokenizers/wordpiece_shakespeare"));
        var expected = Enumerable.Range(0, reference.VocabularySize - 5).Select(id => reference.IdToToken(id)!).ToHashSet();
        var trained = WordPieceTrainer.Train(File.ReadLines(SharedData.At("data/text/tinyshakespeare.txt")), new WordPieceTrainerOptions { VocabularySize = 30_000, MinFrequency = 0 });
        var tokens = Enumerable.Range(5, trained.VocabularySize - 5).Select(id => trained.IdToToken(id)!).ToHashSet();
        Assert.InRange(tokens.Intersect(expected).Count(), 0.9 * expected.Count, expected.Count);
        var text = File.ReadAllText(SharedData.At("data/text/tinyshakespeare.txt"));
        Assert.InRange(trained.Encode(text).Count / (double)reference.Encode(text).Count, 0.98, 1.02);
    }

    [SharedDataFact("oracles/tokenizers")]
    public void Unigram_writes_text_in_as_few_tokens_as_the_reference()
    {
        // Both with 8,000 pieces; ours has all bytes and its special tokens besides, and a character for every byte of the text.
        var text = File.ReadAllText(SharedData.At("data/text/tinyshakespeare.txt"));
        var reference = Tokenizer.Load(SharedData.At("oracles/tokenizers/unigram_shakespeare"));
        var trained = UnigramTrainer.Train([text], new UnigramTrainerOptions { VocabularySize = 8_000 + 259, CharacterCoverage = 1 });
        Assert.InRange(trained.Encode(text).Count / (double)reference.Encode(text).Count, 0.8, 1.03);
    }
}
