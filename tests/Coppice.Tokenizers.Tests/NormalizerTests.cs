using System.Text;
using System.Text.Json.Nodes;
using Coppice.Tokenizers.Normalizers;

namespace Coppice.Tokenizers.Tests;

public class NormalizerTests
{
    [Theory]
    [InlineData(NormalizationForm.FormC)]
    [InlineData(NormalizationForm.FormD)]
    [InlineData(NormalizationForm.FormKC)]
    [InlineData(NormalizationForm.FormKD)]
    public void Normalising_cluster_by_cluster_is_normalising_the_whole(NormalizationForm form)
    {
        var random = new Random(29);
        string[] parts = ["e\u0301", "\u0301", "é", "q\u0307\u0323", "ﬁ", "Å", "각", "\u1100\u1161\u11A8", "ﾊﾞ", "①", "क़", "𝔘", "\u0344", "\u09C7\u09BE"];
        for (var round = 0; round < 2000; round++)
        {
            var text = SmallTokenizers.RandomText(random, 10) + string.Concat(Enumerable.Range(0, 6).Select(_ => parts[random.Next(parts.Length)]));
            // Unassigned code points are no text that a form is defined for.
            if (text.EnumerateRunes().Any(rune => Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.OtherNotAssigned)) continue;
            var normalized = NormalizedText.From(text, 0, trackOffsets: true);
            new UnicodeNormalizer(form).Apply(normalized);
            Assert.Equal(text.Normalize(form), normalized.Text);
            normalized.AlignmentOf(normalized.Text.Length - 1);
        }
    }

    [Fact]
    public void A_composed_character_comes_from_the_first_of_its_parts_and_a_decomposed_one_from_the_whole()
    {
        var composed = NormalizedText.From("ae\u0301b", 10, trackOffsets: true);
        new UnicodeNormalizer(NormalizationForm.FormC).Apply(composed);
        Assert.Equal("aéb", composed.Text);
        Assert.Equal([(10, 11), (11, 12), (13, 14)], Enumerable.Range(0, 3).Select(composed.AlignmentOf));

        var decomposed = NormalizedText.From("éb", 0, trackOffsets: true);
        new UnicodeNormalizer(NormalizationForm.FormD).Apply(decomposed);
        Assert.Equal("e\u0301b", decomposed.Text);
        Assert.Equal([(0, 1), (0, 1), (1, 2)], Enumerable.Range(0, 3).Select(decomposed.AlignmentOf));
    }

    [Fact]
    public void A_lone_surrogate_can_be_normalised()
    {
        var text = NormalizedText.From("e\u0301\uD800x\uDC00🙂", 0, trackOffsets: true);
        new UnicodeNormalizer(NormalizationForm.FormC).Apply(text);
        Assert.Equal("é\uFFFDx\uFFFD🙂", text.Text);
    }

    [Fact]
    public void Code_points_that_are_no_characters_can_be_normalised()
    {
        var text = NormalizedText.From("\uFFFEe\u0301\uFFFE\u0301\uFFFF\U0010FFFF", 0, trackOffsets: true);
        new UnicodeNormalizer(NormalizationForm.FormC).Apply(text);
        Assert.Equal("\uFFFEé\uFFFE\u0301\uFFFF\U0010FFFF", text.Text);
    }

    [Fact]
    public void A_tokenizer_in_the_manner_of_Qwen_is_read_and_written()
    {
        // NFC, the pattern with single digits, bytes; everything else as in a byte-level tokenizer of ours.
        var json = SmallTokenizers.With(root =>
        {
            root["normalizer"] = new JsonObject { ["type"] = "NFC" };
            root["pre_tokenizer"] = JsonNode.Parse("""
                {"type": "Sequence", "pretokenizers": [
                  {"type": "Split", "pattern": {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false},
                  {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}]}
                """);
            root["post_processor"] = JsonNode.Parse("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}""");
        }, SmallTokenizers.Bytes.ToJson());
        var tokenizer = Tokenizer.FromJson(json);
        Assert.Equal(tokenizer.Encode("cé 1 2"), tokenizer.Encode("ce\u0301 1 2"));
        Assert.Equal("cé 12", tokenizer.Decode(tokenizer.Encode("ce\u0301 12").ToArray()));
        Assert.Equal(tokenizer.ToJson(), Tokenizer.FromJson(tokenizer.ToJson()).ToJson());
        // The spaces before words are trimmed off the offsets.
        var encoding = tokenizer.EncodeWithOffsets("a ! 1", addSpecialTokens: true);
        Assert.Equal([(0, 1), (2, 3), (4, 4), (4, 5)], Fold(encoding));
    }

    // "!" may be one token with its space or two.
    private static List<(int, int)> Fold(TokenEncoding encoding) => encoding.Offsets.Where((offset, i) => encoding.Tokens[i] != "Ġ" || offset.Start == 4).ToList();
}
