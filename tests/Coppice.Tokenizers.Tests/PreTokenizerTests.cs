using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Tests;

/// <summary>The hand-written scanners against the patterns that they stand for, and Split against its definition.</summary>
public class PreTokenizerTests
{
    private static readonly string LongS = "[sS\u017F]";

    [Fact]
    public void The_gpt2_scanner_cuts_as_its_pattern_does() => ScannerAgrees(Gpt2Scanner.Pattern, Gpt2Scanner.Pattern);

    [Fact]
    public void The_gpt4_scanner_cuts_as_its_pattern_does() => ScannerAgrees(Gpt4Scanner.Pattern, Gpt4Scanner.Pattern.Replace("'s|", $"'{LongS}|", StringComparison.Ordinal));

    [Fact]
    public void The_single_digit_scanner_cuts_as_its_pattern_does() => ScannerAgrees(Gpt4Scanner.SingleDigitPattern, Gpt4Scanner.SingleDigitPattern.Replace("'s|", $"'{LongS}|", StringComparison.Ordinal));

    // The slow way goes through .NET's regular expressions: a pattern that isn't one of the known ones has no scanner.
    private static void ScannerAgrees(string known, string slow)
    {
        var fast = new SplitPreTokenizer(new TextPattern(known, isRegex: true), SplitBehavior.Isolated, invert: false);
        var reference = new SplitPreTokenizer(new TextPattern($"(?:{slow})", isRegex: true), SplitBehavior.Isolated, invert: false);
        var random = new Random(17);
        for (var round = 0; round < 3000; round++)
        {
            var text = SmallTokenizers.RandomText(random, random.Next(0, 60), loneSurrogates: round % 5 == 0) + (round % 7 == 0 ? "'\u017F'S" : "");
            Assert.Equal(Words(reference, text), Words(fast, text));
            Assert.Equal(text, string.Concat(Words(fast, text)));
        }
    }

    [Theory]
    [InlineData("Removed", "the|final|countdown")]
    [InlineData("Isolated", "the|-|final|-|-|countdown")]
    [InlineData("MergedWithPrevious", "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", "the|-final|-|-countdown")]
    [InlineData("Contiguous", "the|-|final|--|countdown")]
    public void Split_does_with_delimiters_what_its_behaviour_says(string behavior, string expected)
    {
        var split = new SplitPreTokenizer(new TextPattern("-", isRegex: false), Enum.Parse<SplitBehavior>(behavior), invert: false);
        Assert.Equal(expected.Split('|'), Words(split, "the-final--countdown"));
    }

    [Fact]
    public void An_inverted_split_keeps_what_matches()
    {
        var split = new SplitPreTokenizer(new TextPattern("[a-z]+", isRegex: true), SplitBehavior.Removed, invert: true);
        Assert.Equal(["the", "final"], Words(split, "the-1 final!"));
    }

    [Fact]
    public void A_pattern_sees_a_character_above_the_basic_plane_as_one_of_its_class()
    {
        var split = new SplitPreTokenizer(new TextPattern(@"\p{L}+|\p{N}", isRegex: true), SplitBehavior.Isolated, invert: false);
        Assert.Equal(["𝔘a𠀀", "𝟙", "𝟚", "🙂🙂", "b"], Words(split, "𝔘a𠀀𝟙𝟚🙂🙂b"));
    }

    [Fact]
    public void The_stand_in_for_each_category_is_of_that_category()
    {
        for (var plane = 0x10000; plane < 0x110000; plane += 7)
        {
            var category = System.Globalization.CharUnicodeInfo.GetUnicodeCategory(plane);
            var standIn = TextPattern.Representative(category);
            Assert.Equal(category, System.Globalization.CharUnicodeInfo.GetUnicodeCategory(standIn));
        }
    }

    [Fact]
    public void A_sequence_cuts_the_words_of_the_part_before()
    {
        var sequence = new PreTokenizerSequence(
        [
            new SplitPreTokenizer(new TextPattern(@"\d", isRegex: true), SplitBehavior.Isolated, invert: false),
            new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: true, useRegex: true),
        ]);
        Assert.Equal(["a", " b", "1", "2", " c"], Words(sequence, "a b12 c"));
        Assert.True(sequence.IsByteLevel);
    }

    private static List<string> Words(PreTokenizer preTokenizer, string text)
    {
        var words = new List<TextPiece>();
        // In the middle of something longer, to see that offsets are added.
        preTokenizer.Split("xx" + text + "yy", new TextPiece(2, text.Length), words);
        return words.Select(word => ("xx" + text).Substring(word.Start, word.Length)).ToList();
    }
}
