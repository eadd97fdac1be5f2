using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

public class TrainingTests
{
    private static readonly BpeTrainerOptions Small = new() { VocabularySize = 350, SpecialTokens = [], InitialAlphabet = InitialAlphabet.SeenBytes, MinFrequency = 1, Threads = 1 };

    [Fact]
    public void Merges_are_those_of_the_definition()
    {
        foreach (var limit in (int?[])[null, 4])
        {
            var texts = SmallTokenizers.Sentences(60).Append("aaaa aaaaa abababa").ToList();
            var options = Small with { MaxTokenLength = limit };
            Assert.Equal(Definition(texts, options), Merges(BpeTrainer.Train(texts, options)));
        }
    }

    // Counts everything anew before each merge.
    private static List<(string, string)> Definition(List<string> texts, BpeTrainerOptions options)
    {
        var split = new PreTokenizers.ByteLevelPreTokenizer(false, true, true);
        var words = new List<List<string>>();
        foreach (var text in texts)
        {
            var pieces = new List<TextPiece>();
            split.Split(text, new TextPiece(0, text.Length), pieces);
            words.AddRange(pieces.Select(piece => System.Text.Encoding.UTF8.GetBytes(text.Substring(piece.Start, piece.Length)).Select(value => ByteAlphabet.ToChar(value).ToString()).ToList()));
        }

        var tokens = words.SelectMany(word => word).Distinct().Order(StringComparer.Ordinal).ToList();
        var merges = new List<(string, string)>();
        while (tokens.Count < options.VocabularySize)
        {
            var counts = words.SelectMany(word => word.Zip(word.Skip(1))).Where(pair => !(pair.First.Length + pair.Second.Length > options.MaxTokenLength)).CountBy(pair => pair).ToList();
            if (counts.Count == 0) break;
            var (left, right) = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => tokens.IndexOf(pair.Key.First)).ThenBy(pair => tokens.IndexOf(pair.Key.Second)).First().Key;
            merges.Add((left, right));
            if (!tokens.Contains(left + right)) tokens.Add(left + right);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != left || word[i + 1] != right) continue;
                    word[i] = left + right;
                    word.RemoveAt(i + 1);
                }
            }
        }

        return merges;
    }

    private static List<(string, string)> Merges(Tokenizer tokenizer) =>
        ((Models.BpeModel)tokenizer.Model).Merges.Select(merge => (tokenizer.IdToToken(merge.Left)!, tokenizer.IdToToken(merge.Right)!)).ToList();

    [Theory]
    [InlineData(BpeStyle.Gpt2)]
    [InlineData(BpeStyle.Gpt4)]
    [InlineData(BpeStyle.Llama)]
    public void The_number_of_threads_and_the_order_of_texts_change_nothing(BpeStyle style)
    {
        var texts = SmallTokenizers.Sentences(3000).ToList();
        var options = new BpeTrainerOptions { VocabularySize = 600, Style = style, Threads = 1 };
        var expected = BpeTrainer.Train(texts, options).ToJson();
        Assert.Equal(expected, BpeTrainer.Train(texts, options with { Threads = 2 }).ToJson());
        Assert.Equal(expected, BpeTrainer.Train(texts.AsEnumerable().Reverse(), options with { Threads = 7 }).ToJson());
    }

    [Fact]
    public void A_long_text_is_cut_for_the_threads_where_words_end()
    {
        // One text of several chunks against the same words counted one sentence at a time.
        var sentences = SmallTokenizers.Sentences(12_000).Select(sentence => sentence.TrimEnd('\n') + " ").ToList();
        var whole = string.Concat(sentences);
        Assert.True(whole.Length > 600_000);
        foreach (var style in Enum.GetValues<BpeStyle>())
        {
            var expected = new WordCounts();
            var words = new List<TextPiece>();
            var parts = BpeStyleParts.For(style);
            var prepared = Assert.Single(parts.Prepare(whole));
            parts.Split(prepared, words);
            foreach (var word in words) expected.Add(System.Text.Encoding.UTF8.GetBytes(prepared.Substring(word.Start, word.Length)), 1);
            var actual = new WordCounter(parts, new BpeTrainerOptions { Threads = 2 }).Count([whole]);
            Assert.Equal(Sorted(expected), Sorted(actual));
        }
    }

    private static List<(string, long)> Sorted(WordCounts counts) =>
        Enumerable.Range(0, counts.Count).Select(i => (Convert.ToHexString(counts.Word(i)), counts.CountOf(i))).Order().ToList();

    [Fact]
    public void When_memory_is_short_the_rarest_words_are_forgotten()
    {
        var counts = new WordCounts();
        for (byte word = 0; word < 100; word++) counts.Add([word, word], word / 10);
        var kept = counts.WithoutRarest(50);
        Assert.Equal((20, 40), (kept.Count, kept.ByteCount));
        Assert.All(Enumerable.Range(0, kept.Count), i => Assert.True(kept.CountOf(i) >= 8));

        var texts = SmallTokenizers.Sentences(500).ToList();
        var options = Small with { MaxWordBytes = 2000 };
        Assert.Equal(BpeTrainer.Train(texts, options).ToJson(), BpeTrainer.Train(texts, options with { Threads = 3 }).ToJson());
        Assert.NotEqual(BpeTrainer.Train(texts, options).ToJson(), BpeTrainer.Train(texts, Small).ToJson());
    }

    [Fact]
    public void A_Llama_tokenizer_has_bytes_and_frequent_characters_and_writes_rare_ones_as_bytes()
    {
        // "é" is one character in 2,000 and isn't needed to cover 99.9 % of the text.
        var text = string.Concat(Enumerable.Repeat("the cat\nthe hat ", 125)) + "é";
        var tokenizer = BpeTrainer.Train([text], new BpeTrainerOptions { VocabularySize = 300, Style = BpeStyle.Llama, CharacterCoverage = 0.999 });
        Assert.Equal((0, 1, 2, 3, 258), (tokenizer.TokenToId("<unk>"), tokenizer.BeginOfText, tokenizer.EndOfText, tokenizer.TokenToId("<0x00>"), tokenizer.TokenToId("<0xFF>")));
        Assert.Null(tokenizer.TokenToId("é"));
        Assert.Equal(["▁the", "▁cat", "\n", "the", "▁hat", "<0xC3>", "<0xA9>"], tokenizer.EncodeWithOffsets("the cat\nthe haté", addSpecialTokens: false).Tokens);
        Assert.Equal("the cat 日本 é", tokenizer.Decode(tokenizer.Encode("the cat 日本 é").ToArray()));
        Assert.Equal(tokenizer.ToJson(), Tokenizer.FromJson(tokenizer.ToJson()).ToJson());
        Assert.DoesNotContain(Enumerable.Range(259, tokenizer.VocabularySize - 259), id => tokenizer.IdToToken(id)!.LastIndexOf('▁') > 0 || tokenizer.IdToToken(id)!.Trim('\n').Contains('\n'));
    }

    [Fact]
    public void A_word_longer_than_any_is_counted_in_pieces_that_are_whole_characters()
    {
        var counts = new WordCounter(BpeStyleParts.For(BpeStyle.Gpt2), new BpeTrainerOptions()).Count([new string('日', 1000)]);
        Assert.Equal([(1023, 2L), (954, 1L)], Enumerable.Range(0, counts.Count).Select(i => (counts.Word(i).Length, counts.CountOf(i))));
    }

    [Fact]
    public void Special_tokens_come_first_then_all_bytes()
    {
        var tokenizer = BpeTrainer.Train(["ab ab"], new BpeTrainerOptions { VocabularySize = 300, SpecialTokens = ["<|endoftext|>", "<|x|>"] });
        Assert.Equal((0, 1, 2), (tokenizer.TokenToId("<|endoftext|>"), tokenizer.TokenToId("<|x|>"), tokenizer.TokenToId("!")));
        Assert.Equal((0, 0), (tokenizer.BeginOfText, tokenizer.EndOfText));
        // "ab" occurs twice; " ab" only once.
        Assert.Equal(2 + 256 + 1, tokenizer.VocabularySize);
        Assert.Equal("日本 🙂", tokenizer.Decode(tokenizer.Encode("日本 🙂").ToArray()));
    }

    [Fact]
    public void Text_that_spells_a_special_token_does_not_become_it()
    {
        var texts = Enumerable.Repeat("--- --- <0x41> <0x41>", 10).ToList();
        var bytes = BpeTrainer.Train(texts, new BpeTrainerOptions { VocabularySize = 300, SpecialTokens = ["---"] });
        Assert.DoesNotContain(0, bytes.Encode("---"));
        Assert.Equal([0], bytes.EncodeWithSpecialTokens("---"));
        var llama = BpeTrainer.Train(texts.Select(text => text.Replace(' ', '\n')), new BpeTrainerOptions { VocabularySize = 320, Style = BpeStyle.Llama });
        Assert.Equal("<0x41>\n<0x41>", llama.Decode(llama.Encode("<0x41>\n<0x41>").ToArray()));
    }

    [Fact]
    public void A_vocabulary_larger_than_the_text_can_fill_takes_no_memory() =>
        Assert.Equal(["a", "b", "ab"], Enumerable.Range(0, 3).Select(BpeTrainer.Train(["ab"], Small with { VocabularySize = int.MaxValue }).IdToToken));

    [Fact]
    public void A_pair_that_is_rarer_than_the_minimum_is_not_merged()
    {
        var merges = Merges(BpeTrainer.Train(["abab cd cd cd ef ef"], Small with { MinFrequency = 3 }));
        Assert.Equal([("c", "d"), ("Ġ", "cd")], merges);
    }

    [Fact]
    public void A_character_model_has_one_token_for_each_character_in_code_point_order()
    {
        var tokenizer = CharacterTrainer.Train(["cab", "b🙂é"]);
        Assert.Equal(["a", "b", "c", "é", "🙂"], Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IdToToken));
        var ids = new List<int>();
        tokenizer.Encode("ab🙂xyc", ids, out var unknown);
        Assert.Equal([0, 1, 4, 2], ids);
        Assert.Equal(2, unknown);
        Assert.Equal("ab🙂c", tokenizer.Decode(ids.ToArray()));
        Assert.Equal((null, null), (tokenizer.BeginOfText, tokenizer.EndOfText));
    }

    [Fact]
    public void A_character_model_can_have_an_unknown_token()
    {
        var tokenizer = CharacterTrainer.Train(["ab"], ["<unk>"], "<unk>");
        Assert.Equal([1, 0, 0, 2], tokenizer.Encode("a??b"));
        Assert.Throws<CoppiceException>(() => CharacterTrainer.Train(["ab"], [], "<unk>"));
    }

    [SharedDataFact("data/text/tinyshakespeare.txt")]
    public void Tiny_Shakespeare_has_65_characters()
    {
        var text = File.ReadAllText(SharedData.At("data/text/tinyshakespeare.txt"));
        var tokenizer = CharacterTrainer.Train([text]);
        Assert.Equal(65, tokenizer.VocabularySize);
        // The first ids of nanoGPT's own preparation of this text ("First Citizen").
        Assert.Equal([18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52], tokenizer.Encode(text[..13]));
    }

    [Fact]
    public void Contradicting_options_and_empty_texts_are_refused()
    {
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train([], Small));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train([""], Small));
        Assert.Throws<CoppiceException>(() => CharacterTrainer.Train([""]));
        Assert.Contains("too small", Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], new BpeTrainerOptions { VocabularySize = 100 })).Message);
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { VocabularySize = 0 }));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { SpecialTokens = ["x", "x"] }));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { SpecialTokens = [""] }));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { MaxTokenLength = 0 }));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { MaxWordBytes = int.MaxValue }));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { CharacterCoverage = double.NaN }));
        Assert.Throws<CoppiceException>(() => BpeTrainer.Train(["a"], Small with { Style = BpeStyle.Llama }));
    }

    [Fact]
    public void Training_can_be_stopped_and_says_how_far_it_is()
    {
        var stages = new List<string>();
        BpeTrainer.Train(SmallTokenizers.Sentences(50), Small with { Progress = progress => stages.Add(progress.Stage) });
        Assert.Equal(["count words", "merge"], stages.Distinct());
        Assert.ThrowsAny<OperationCanceledException>(() => BpeTrainer.Train(SmallTokenizers.Sentences(50), Small with { Cancellation = new CancellationToken(true) }));
    }

    [Fact]
    public async Task A_word_of_a_million_letters_is_trained_on_in_reasonable_time() =>
        await Task.Run(() => BpeTrainer.Train([new string('a', 1_000_000), string.Concat(Enumerable.Repeat("ab", 500_000))], Small)).WaitAsync(TimeSpan.FromMinutes(1));
}
