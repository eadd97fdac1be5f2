using System.Text.Json.Nodes;
using Coppice.Foundation;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

public class VocabularyExtensionTests
{
    private static readonly VocabularyExtensionOptions Options = new() { Tokens = 150, MinFrequency = 2, Threads = 1 };

    private static readonly Dictionary<string, Tokenizer> Tokenizers = new()
    {
        ["gpt2"] = SmallTokenizers.Bytes,
        ["gpt4"] = BpeTrainer.Train(SmallTokenizers.Sentences(200), new BpeTrainerOptions { VocabularySize = 400, Style = BpeStyle.Gpt4, Threads = 1 }),
        ["llama"] = BpeTrainer.Train(SmallTokenizers.Sentences(200), new BpeTrainerOptions { VocabularySize = 400, Style = BpeStyle.Llama, Threads = 1 }),
        ["ignore_merges"] = Tokenizer.FromJson(SmallTokenizers.With(json => json["model"]!["ignore_merges"] = true, SmallTokenizers.Bytes.ToJson())),
        ["prefix space"] = Tokenizer.FromJson(SmallTokenizers.With(json => json["pre_tokenizer"]!["add_prefix_space"] = true, SmallTokenizers.Bytes.ToJson())),
        ["added tokens"] = Tokenizer.FromJson(SmallTokenizers.With(AddTokens, SmallTokenizers.Bytes.ToJson())),
    };

    public static TheoryData<string> Names => [.. Tokenizers.Keys];

    // Words that the old tokenizers never saw, among them characters of other scripts.
    private static IEnumerable<string> NewTexts(int count)
    {
        var random = new Random(2);
        string[] syllables = ["Ge", "setz", "buch", "ung", "über", "ä", "Straf", "recht", "lich", "закон", "的", "🙂", " ", "-", "§"];
        for (var i = 0; i < count; i++)
        {
            var words = Enumerable.Range(0, random.Next(1, 20)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => syllables[random.Next(syllables.Length)])));
            yield return string.Join(' ', words) + ".\n";
        }
    }

    // Two that lie after the model's own tokens, one of them found in plain text.
    private static void AddTokens(JsonNode json)
    {
        foreach (var (id, content, special) in new[] { (400, "<|pad|>", true), (403, "Gesetz", false) })
        {
            json["added_tokens"]!.AsArray().Add(new JsonObject
            {
                ["id"] = id, ["content"] = content, ["special"] = special, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false,
            });
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void With_old_tokens_in_the_place_of_new_ones_every_encoding_is_the_old_one(string name)
    {
        var old = Tokenizers[name];
        var extended = VocabularyExtension.Extend(old, NewTexts(400), Options);
        Assert.Equal(Options.Tokens, extended.Pieces.Count);
        var random = new Random(3);
        var texts = NewTexts(300).Concat(SmallTokenizers.Sentences(200)).Concat(Enumerable.Range(0, 1000).Select(i => SmallTokenizers.RandomText(random, 1 + i % 80, loneSurrogates: i % 5 == 0)));
        var (before, after) = (0, 0);
        foreach (var text in texts)
        {
            var (oldIds, newIds) = (old.Encode(text), extended.Tokenizer.Encode(text));
            Assert.Equal(oldIds, extended.Expand(newIds));
            if (newIds.All(id => id < extended.FirstNewId)) Assert.Equal(oldIds, newIds);
            Assert.Equal(old.Decode([.. oldIds]), extended.Tokenizer.Decode([.. newIds]));
            before += oldIds.Count;
            after += newIds.Count;
        }

        Assert.True(after < 0.9 * before, $"{after} tokens of {before}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_comes_back_from_its_tokens(string name)
    {
        var extended = VocabularyExtension.Extend(Tokenizers[name], NewTexts(400), Options).Tokenizer;
        var random = new Random(4);
        foreach (var text in NewTexts(100).Concat(Enumerable.Range(0, 1000).Select(i => SmallTokenizers.RandomText(random, 1 + i % 60))))
        {
            var expected = name == "prefix space" && !text.StartsWith(' ') ? " " + text : text;
            Assert.Equal(expected, extended.Decode([.. extended.Encode(text)], skipSpecialTokens: false));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Old_ids_keep_their_tokens_and_new_ones_follow_the_largest(string name)
    {
        var old = Tokenizers[name];
        var extended = VocabularyExtension.Extend(old, NewTexts(400), Options);
        Assert.Equal(old.VocabularySize, extended.FirstNewId);
        Assert.Equal(old.VocabularySize + Options.Tokens, extended.Tokenizer.VocabularySize);
        for (var id = 0; id < old.VocabularySize; id++) Assert.Equal(old.IdToToken(id), extended.Tokenizer.IdToToken(id));
        Assert.Equal(old.SpecialTokens, extended.Tokenizer.SpecialTokens);
        Assert.Equal((old.BeginOfText, old.EndOfText), (extended.Tokenizer.BeginOfText, extended.Tokenizer.EndOfText));
        Assert.Equal(Merges(old), Merges(extended.Tokenizer).Take(Merges(old).Count));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_file_says_everything(string name)
    {
        var extended = VocabularyExtension.Extend(Tokenizers[name], NewTexts(400), Options).Tokenizer;
        var read = Tokenizer.FromJson(extended.ToJson());
        Assert.Equal(extended.Fingerprint, read.Fingerprint);
        foreach (var text in NewTexts(100)) Assert.Equal(extended.Encode(text), read.Encode(text));
    }

    [Fact]
    public void Added_tokens_go_into_the_models_vocabulary_because_other_readers_number_the_rest_anew()
    {
        var json = JsonNode.Parse(VocabularyExtension.Extend(Tokenizers["added tokens"], NewTexts(400), Options).Tokenizer.ToJson())!;
        Assert.Equal(400, (int)json["model"]!["vocab"]!["<|pad|>"]!);
        Assert.Equal(403, (int)json["model"]!["vocab"]!["Gesetz"]!);
        Assert.Equal(400 + 4 + Options.Tokens - 2, json["model"]!["vocab"]!.AsObject().Count);
    }

    [Fact]
    public void Merges_are_those_of_the_definition()
    {
        var old = SmallTokenizers.Bytes;
        var texts = NewTexts(60).ToList();
        var extended = VocabularyExtension.Extend(old, texts, Options with { Tokens = 80 });
        Assert.Equal(Definition(old, texts, 80), Merges(extended.Tokenizer).Skip(Merges(old).Count));
    }

    // Counts everything anew before each merge.
    private static List<(string, string)> Definition(Tokenizer old, List<string> texts, int count)
    {
        var split = new PreTokenizers.ByteLevelPreTokenizer(false, true, true);
        var words = new List<List<int>>();
        foreach (var text in texts)
        {
            var pieces = new List<TextPiece>();
            split.Split(text, new TextPiece(0, text.Length), pieces);
            words.AddRange(pieces.Select(piece => old.Encode(text.Substring(piece.Start, piece.Length))));
        }

        var tokens = Enumerable.Range(0, old.VocabularySize).Select(id => old.IdToToken(id)!).ToList();
        var merges = new List<(string, string)>();
        while (merges.Count < count)
        {
            var (left, right) = words.SelectMany(word => word.Zip(word.Skip(1))).CountBy(pair => pair).OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key).First(pair => !tokens.Contains(tokens[pair.Key.First] + tokens[pair.Key.Second])).Key;
            merges.Add((tokens[left], tokens[right]));
            tokens.Add(tokens[left] + tokens[right]);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != left || word[i + 1] != right) continue;
                    word[i] = tokens.Count - 1;
                    word.RemoveAt(i + 1);
                }
            }
        }

        return merges;
    }

    private static List<(string, string)> Merges(Tokenizer tokenizer) =>
        ((BpeModel)tokenizer.Model).Merges.Select(merge => (tokenizer.IdToToken(merge.Left)!, tokenizer.IdToToken(merge.Right)!)).ToList();

    [Theory]
    [MemberData(nameof(Names))]
    public void The_number_of_threads_and_the_order_of_texts_change_nothing(string name)
    {
        var texts = NewTexts(2000).ToList();
        var expected = VocabularyExtension.Extend(Tokenizers[name], texts, Options).Tokenizer.ToJson();
        Assert.Equal(expected, VocabularyExtension.Extend(Tokenizers[name], texts.AsEnumerable().Reverse(), Options with { Threads = 5 }).Tokenizer.ToJson());
    }

    [Fact]
    public void Characters_that_fell_back_to_bytes_become_tokens_and_bytes_merge_with_nothing()
    {
        var old = Tokenizers["llama"];
        Assert.All(old.Encode("ж").Skip(1), id => Assert.StartsWith("<0x", old.IdToToken(id), StringComparison.Ordinal));
        var texts = Enumerable.Repeat("жук жук жук", 20).Append("одно слово").ToList();
        var extended = VocabularyExtension.Extend(old, texts, Options);
        var tokens = Enumerable.Range(extended.FirstNewId, extended.Pieces.Count).Select(id => extended.Tokenizer.IdToToken(id)!).ToList();
        Assert.Contains("ж", tokens);
        Assert.Contains("▁жук", tokens);
        Assert.DoesNotContain("д", tokens);
        Assert.DoesNotContain(tokens, token => token.Contains("<0x", StringComparison.Ordinal));
        Assert.Equal(old.Encode("ж")[^2..], extended.Pieces[tokens.IndexOf("ж")]);
        Assert.Equal("одно", extended.Tokenizer.Decode([.. extended.Tokenizer.Encode("одно")]));
    }

    [Fact]
    public void A_tokenizer_of_characters_gets_characters()
    {
        var old = CharacterTrainer.Train(["hello world"], ["<unk>"], "<unk>");
        var extended = VocabularyExtension.Extend(old, ["wörld wörld ß ß x"], Options);
        Assert.Equal(["ß", "ö"], Enumerable.Range(extended.FirstNewId, extended.Pieces.Count).Select(id => extended.Tokenizer.IdToToken(id)!));
        Assert.Empty(Merges(extended.Tokenizer));
        Assert.Equal("wörß", extended.Tokenizer.Decode([.. extended.Tokenizer.Encode("wörß")]));
        Assert.Equal(old.Encode("ö"), extended.Pieces[1]);
    }

    [Fact]
    public void Bytes_that_the_vocabulary_lacks_are_added()
    {
        var old = BpeTrainer.Train(["abc abc"], new BpeTrainerOptions { VocabularySize = 20, InitialAlphabet = InitialAlphabet.SeenBytes, Threads = 1 });
        Assert.Equal("", old.Decode([.. old.Encode("é")]));
        var extended = VocabularyExtension.Extend(old, ["éé éé"], Options);
        Assert.Equal("abc éé", extended.Tokenizer.Decode([.. extended.Tokenizer.Encode("abc éé")]));
        Assert.Empty(extended.Pieces[0]);
    }

    [Fact]
    public void Rare_pairs_and_pairs_that_spell_a_token_which_is_there_are_passed_over()
    {
        var old = Tokenizers["llama"];
        var extended = VocabularyExtension.Extend(old, Enumerable.Repeat("<s> qxqx", 12).Append("zvzv zvzv"), Options with { MinFrequency = 12 });
        var tokens = Enumerable.Range(extended.FirstNewId, extended.Pieces.Count).Select(id => extended.Tokenizer.IdToToken(id)!).ToList();
        Assert.Contains("▁qxqx", tokens);
        Assert.DoesNotContain("<s>", tokens);
        Assert.DoesNotContain(tokens, token => token.Contains('z', StringComparison.Ordinal));
        Assert.DoesNotContain(1, extended.Tokenizer.Encode("a<s>"));
        Assert.Same(old, VocabularyExtension.Extend(old, ["the"], Options).Tokenizer);
    }

    [Fact]
    public void What_can_not_be_done_is_said()
    {
        var old = SmallTokenizers.Bytes;
        Assert.Contains("at least 1", Assert.Throws<CoppiceException>(() => VocabularyExtension.Extend(old, ["a"], Options with { Tokens = 0 })).Message);
        Assert.Contains("no text", Assert.Throws<CoppiceException>(() => VocabularyExtension.Extend(old, [], Options)).Message);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => VocabularyExtension.Extend(old, NewTexts(10), Options with { Cancellation = stopped.Token }));
    }

    [Fact]
    public void An_absurd_number_of_tokens_takes_no_memory()
    {
        var extended = VocabularyExtension.Extend(SmallTokenizers.Bytes, NewTexts(5), Options with { Tokens = int.MaxValue });
        Assert.InRange(extended.Pieces.Count, 1, 1000);
    }

    [Fact]
    public void Fit_counts_bytes_words_and_tokens()
    {
        var tokenizer = Tokenizers["llama"];
        const string Text = "the  ж\nthe ";
        var fit = TokenizerFit.Measure(tokenizer, [Text, Text]);
        var ids = tokenizer.Encode(Text);
        Assert.Equal((2 * 12L, 6L, 2L * ids.Count, 4L, 0L), (fit.Bytes, fit.Words, fit.Tokens, fit.ByteTokens - 2 * ids.Count(id => tokenizer.IdToToken(id) == "<0x0A>"), fit.Unknown));
        Assert.Equal(24.0 / fit.Tokens, fit.BytesPerToken);
        Assert.Equal(fit.Tokens / 6.0, fit.Fertility);
        var bytes = TokenizerFit.Measure(SmallTokenizers.Bytes, ["éx"]);
        Assert.Equal(bytes.Tokens == 2 ? 1 : 3, bytes.ByteTokens);
        Assert.Equal(2, TokenizerFit.Measure(CharacterTrainer.Train(["ab"]), ["axyb"]).Unknown);
    }
}
