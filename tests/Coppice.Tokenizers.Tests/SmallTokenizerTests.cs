using Coppice.Testing;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

/// <summary>Behaviour that can be worked out by hand.</summary>
public class SmallTokenizerTests
{
    [Fact]
    public void A_space_is_put_before_the_text_and_the_template_puts_the_first_token()
    {
        var encoding = SmallTokenizers.Llama.EncodeWithOffsets("ab b", addSpecialTokens: true);
        Assert.Equal(["<s>", "▁ab", "▁", "b"], encoding.Tokens);
        Assert.Equal([1, 10, 5, 7], encoding.Ids);
        Assert.Equal([(0, 0), (0, 2), (2, 3), (3, 4)], encoding.Offsets);
        Assert.Equal("ab b", SmallTokenizers.Llama.Decode([1, 10, 5, 7]));
        Assert.Equal("<s> ab b", SmallTokenizers.Llama.Decode([1, 10, 5, 7], skipSpecialTokens: false)[..8]);
    }

    [Fact]
    public void A_character_falls_back_to_its_bytes_or_becomes_the_unknown_token()
    {
        Assert.Equal(["▁a", "<0xC3>", "<0xA9>", "b"], SmallTokenizers.Llama.EncodeWithOffsets("aéb", addSpecialTokens: false).Tokens);
        var ids = new List<int>();
        SmallTokenizers.Llama.Encode("aèèb", ids, out var unknown);
        Assert.Equal([8, 0, 7], ids);
        Assert.Equal(2, unknown);
        Assert.Equal("aéb", SmallTokenizers.Llama.Decode([8, 3, 4, 7]));
        Assert.Equal("a\uFFFDb", SmallTokenizers.Llama.Decode([8, 3, 7]));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_text_to_Encode_and_tokens_to_EncodeWithSpecialTokens()
    {
        Assert.Equal([1, 10, 2, 8], SmallTokenizers.Llama.EncodeWithSpecialTokens("ab</s>a"));
        Assert.Equal([10, 2, 8], SmallTokenizers.Llama.EncodeWithSpecialTokens("ab</s>a", addSpecialTokens: false));
        Assert.DoesNotContain(2, SmallTokenizers.Llama.Encode("ab</s>a"));
    }

    [Theory]
    [InlineData(false, false, false, "a <x> b", new[] { "a ", "<x>", " b" })]
    [InlineData(true, false, false, "a <x> b", new[] { "a", " <x>", " b" })]
    [InlineData(false, true, false, "a <x> \tb", new[] { "a ", "<x> \t", "b" })]
    [InlineData(true, true, false, "<x> <x>", new[] { "<x> ", "<x>" })]
    [InlineData(false, false, true, "a<x> <x>b <x>", new[] { "a<x> <x>b ", "<x>" })]
    [InlineData(false, false, false, "<x><x>>", new[] { "<x>", "<x>", ">" })]
    [InlineData(false, false, false, "", new string[0])]
    public void Added_tokens_are_cut_out_of_a_text(bool left, bool right, bool singleWord, string text, string[] expected)
    {
        var matcher = new AddedTokenMatcher([("<x>", new AddedToken(0, "<x>", true, singleWord, left, right))]);
        var pieces = matcher.Split(text, specialIsPlainText: false);
        Assert.Equal(expected, pieces.Select(piece => text.Substring(piece.Piece.Start, piece.Piece.Length)));
        Assert.Equal(expected.Select(piece => piece.Contains("<x>") && piece.Trim() == "<x>"), pieces.Select(piece => piece.Token is not null));
    }

    [Fact]
    public void Of_added_tokens_that_start_together_the_longest_is_found()
    {
        var matcher = new AddedTokenMatcher([("ab", new AddedToken(0, "ab")), ("abcd", new AddedToken(1, "abcd")), ("bc", new AddedToken(2, "bc"))]);
        Assert.Equal([1, null, 0, null], matcher.Split("abcd_abc", specialIsPlainText: false).Select(piece => piece.Token?.Id));
    }

    [Fact]
    public void A_normalized_added_token_is_found_in_the_normalised_text_and_keeps_its_offsets()
    {
        var json = SmallTokenizers.With(root => root["added_tokens"]!.AsArray().Add(System.Text.Json.Nodes.JsonNode.Parse(
            """{"id": 11, "content": "b b", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}""")));
        var tokenizer = Tokenizer.FromJson(json);
        // The normalizer makes "▁b▁b" of the token, and "▁ab▁b▁b" of the text.
        var encoding = tokenizer.EncodeWithOffsets("ab b b", addSpecialTokens: false);
        Assert.Equal([10, 11], encoding.Ids);
        Assert.Equal((2, 6), encoding.Offsets[1]);
        Assert.Equal([10, 11], tokenizer.Encode("ab b b"));
        Assert.Equal(12, tokenizer.VocabularySize);
    }

    [Fact]
    public void Names_and_ids_are_found_both_ways()
    {
        var tokenizer = SmallTokenizers.Llama;
        Assert.Equal((11, 1, 2), (tokenizer.VocabularySize, tokenizer.BeginOfText, tokenizer.EndOfText));
        Assert.Equal(["</s>", "<s>", "<unk>"], tokenizer.SpecialTokens.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(9, tokenizer.TokenToId("ab"));
        Assert.Null(tokenizer.TokenToId("ba"));
        Assert.Equal("▁ab", tokenizer.IdToToken(10));
        Assert.Null(tokenizer.IdToToken(11));
        Assert.Null(tokenizer.IdToToken(-1));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(11)]
    [InlineData(int.MaxValue)]
    public void An_id_outside_the_vocabulary_cannot_be_decoded(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SmallTokenizers.Llama.Decode([id]));

    [Fact]
    public void The_fingerprint_changes_with_the_encoding_and_not_with_how_batches_are_padded()
    {
        var padded = SmallTokenizers.With(root => root["padding"] = System.Text.Json.Nodes.JsonNode.Parse("""{"strategy": "BatchLongest"}"""));
        var other = SmallTokenizers.With(root => root["model"]!["merges"]!.AsArray().RemoveAt(1));
        Assert.Equal(SmallTokenizers.Llama.Fingerprint, Tokenizer.FromJson(padded).Fingerprint);
        Assert.NotEqual(SmallTokenizers.Llama.Fingerprint, Tokenizer.FromJson(other).Fingerprint);
        Assert.Contains("BatchLongest", Tokenizer.FromJson(padded).ToJson());
    }

    [Fact]
    public void A_saved_tokenizer_encodes_as_before()
    {
        using var folder = new TemporaryFolder();
        foreach (var tokenizer in (Tokenizer[])[SmallTokenizers.Llama, SmallTokenizers.Bytes, CharacterTrainer.Train(["abc"])])
        {
            tokenizer.Save(folder.At("t.json"));
            var loaded = Tokenizer.Load(folder.At("t.json"));
            Assert.Equal(tokenizer.Fingerprint, loaded.Fingerprint);
            Assert.Equal(tokenizer.ToJson(), loaded.ToJson());
            Assert.Equal(tokenizer.Encode("ab cab é"), loaded.Encode("ab cab é"));
        }
    }

    [Fact]
    public void Merges_can_be_ignored_for_words_of_the_vocabulary()
    {
        // Without the merges that lead to it, "▁ab" is only found where merges are ignored.
        var without = SmallTokenizers.With(root => root["model"]!["merges"] = new System.Text.Json.Nodes.JsonArray());
        Assert.Equal([5, 6, 7], Tokenizer.FromJson(without).Encode("ab"));
        Assert.Equal([10], Tokenizer.FromJson(SmallTokenizers.With(root => root["model"]!["ignore_merges"] = true, without)).Encode("ab"));
    }

    [Fact]
    public void One_tokenizer_serves_many_threads()
    {
        var random = new Random(3);
        var texts = Enumerable.Range(0, 64).Select(_ => SmallTokenizers.RandomText(random, 500)).ToArray();
        var expected = texts.Select(SmallTokenizers.Bytes.Encode).ToArray();
        Parallel.For(0, 1000, i => Assert.Equal(expected[i % 64], SmallTokenizers.Bytes.Encode(texts[i % 64])));
    }
}
