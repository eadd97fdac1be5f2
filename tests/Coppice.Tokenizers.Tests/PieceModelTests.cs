using System.Text;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.PreTokenizers;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.Tests;

/// <summary>WordPiece and Unigram against their definitions, and what cuts at single characters against what cuts at patterns.</summary>
public class PieceModelTests
{
    [Fact]
    public void Unigram_finds_the_most_probable_way_also_in_long_words()
    {
        var random = new Random(5);
        for (var round = 0; round < 60; round++)
        {
            var pieces = new List<UnigramPiece> { new("<unk>", 0) };
            // Scores of few bits, so that sums are exact and ties happen.
            for (var i = 0; i < 25; i++) pieces.Add(new UnigramPiece(RandomWord(random, random.Next(1, 5)), -random.Next(8, 80) / 8.0));
            var model = new UnigramModel(pieces, unknown: 0, byteFallback: false);
            foreach (var length in new[] { random.Next(1, 40), round < 5 ? 5000 : 10 })
            {
                var word = RandomWord(random, length);
                var output = new TokenBuffer([], []);
                model.Encode(word, output);
                Assert.Equal(BestWay(pieces, word), output.Ids.Zip(output.Ranges!));
            }
        }
    }

    // The same with a table of all substrings, from the definition. Letters are one byte each.
    private static List<(int, (int, int))> BestWay(List<UnigramPiece> pieces, string word)
    {
        var unknownScore = pieces.Min(piece => piece.Score) - 10;
        var best = new (double Score, int Start, int Id)[word.Length + 1];
        for (var end = 1; end <= word.Length; end++) best[end].Score = double.NegativeInfinity;
        for (var start = 0; start < word.Length; start++)
        {
            for (var id = 0; id <= pieces.Count; id++)
            {
                var isUnknown = id == pieces.Count;
                if (isUnknown ? pieces.Any(piece => piece.Text == word[start].ToString()) : string.CompareOrdinal(word, start, pieces[id].Text, 0, pieces[id].Text.Length) != 0) continue;
                // Of the same piece twice the later counts.
                if (!isUnknown && pieces.FindLastIndex(piece => piece.Text == pieces[id].Text) != id) continue;
                var end = start + (isUnknown ? 1 : pieces[id].Text.Length);
                var score = best[start].Score + (isUnknown ? unknownScore : pieces[id].Score);
                if (score > best[end].Score) best[end] = (score, start, isUnknown ? 0 : id);
            }
        }

        var way = new List<(int Id, (int Start, int End) Range)>();
        for (var end = word.Length; end > 0; end = best[end].Start)
        {
            if (best[end].Id == 0 && way.Count > 0 && way[^1].Id == 0) way[^1] = (0, (best[end].Start, way[^1].Range.End));
            else way.Add((best[end].Id, (best[end].Start, end)));
        }

        way.Reverse();
        return way;
    }

    [Fact]
    public void Unigram_takes_a_million_letters_without_a_space_in_reasonable_time()
    {
        var model = new UnigramModel([new("<unk>", 0), new("a", -1), new("aa", -1.5), new("ab", -3)], unknown: 0, byteFallback: false);
        var output = new TokenBuffer([]);
        model.Encode(new string('a', 1_000_000), output);
        model.Encode(new string('x', 1_000_000), output);
        Assert.Equal(500_001, output.Ids.Count);
        Assert.Equal(1_000_000, output.UnknownCount);
    }

    [Fact]
    public void WordPiece_takes_the_longest_token_again_and_again()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var tokens = Enumerable.Range(0, 30).Select(i => (i % 2 == 0 ? "" : "##") + RandomWord(random, random.Next(1, 4))).Prepend("[UNK]").Distinct().ToList();
            var vocabulary = new Vocabulary(tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToList());
            var model = new WordPieceModel(vocabulary, new WordPieceOptions { MaxCharactersPerWord = 20 });
            var word = RandomWord(random, random.Next(1, 24));
            var output = new TokenBuffer([]);
            model.Encode(word, output);
            Assert.Equal(Greedy(tokens, word), output.Ids);
        }
    }

    private static List<int> Greedy(List<string> tokens, string word)
    {
        var ids = new List<int>();
        for (var start = 0; start < word.Length && word.Length <= 20;)
        {
            var longest = Enumerable.Range(1, word.Length - start).Reverse().FirstOrDefault(length => tokens.Contains((start == 0 ? "" : "##") + word[start..(start + length)]));
            if (longest == 0) return [0];
            ids.Add(tokens.IndexOf((start == 0 ? "" : "##") + word[start..(start + longest)]));
            start += longest;
        }

        return word.Length > 20 ? [0] : ids;
    }

    [Fact]
    public void A_special_token_that_is_written_in_plain_text_is_no_token()
    {
        const string tokens = """[{"id": 0, "content": "<unk>", "special": true, "normalized": false}, {"id": 1, "content": "</s>", "special": true, "normalized": false}]""";
        var unigram = Tokenizer.FromJson($$$"""{"added_tokens": {{{tokens}}}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["</s>", 0], ["s", -1], ["<", -1]]}}""");
        Assert.Equal([1], unigram.EncodeWithSpecialTokens("</s>"));
        Assert.Equal([3, 0, 2, 0], unigram.Encode("</s>"));
        var words = Tokenizer.FromJson($$$$"""{"added_tokens": {{{{tokens}}}}, "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "</s>": 1}}}""");
        Assert.Equal([1], words.EncodeWithSpecialTokens("</s>"));
        Assert.Equal([0], words.Encode("</s>"));
    }

    [Fact]
    public void Text_that_spells_the_name_of_a_byte_is_not_that_byte()
    {
        var bytes = string.Join(", ", Enumerable.Range(0, 256).Select(value => $"[\"<0x{value:X2}>\", 0]"));
        var tokenizer = Tokenizer.FromJson($$$"""{"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0], {{{bytes}}}]}, "decoder": {"type": "ByteFallback"}}""");
        Assert.Equal("<0x41>é", tokenizer.Decode(tokenizer.Encode("<0x41>é").ToArray()));
        Assert.Equal(8, tokenizer.Encode("<0x41>é").Count);
    }

    [Theory]
    [InlineData("Removed")]
    [InlineData("Isolated")]
    [InlineData("MergedWithPrevious")]
    [InlineData("MergedWithNext")]
    [InlineData("Contiguous")]
    public void Cutting_at_characters_is_cutting_at_a_pattern_of_one_character(string name)
    {
        var behavior = Enum.Parse<SplitBehavior>(name);
        var pattern = new SplitPreTokenizer(new TextPattern("[0-9]", isRegex: true), behavior, invert: false);
        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            var text = SmallTokenizers.RandomText(random, random.Next(0, 40));
            var words = new List<TextPiece>();
            CharacterSplitter.Split(text, new TextPiece(0, text.Length), rune => rune.Value is >= '0' and <= '9', behavior, words);
            var expected = new List<TextPiece>();
            pattern.Split(text, new TextPiece(0, text.Length), expected);
            Assert.Equal(expected, words);
        }
    }

    [Fact]
    public void The_scanner_of_words_with_visible_spaces_cuts_as_its_pattern_does()
    {
        var fast = new SplitPreTokenizer(new TextPattern(MetaspaceScanner.Pattern, isRegex: true), SplitBehavior.Isolated, invert: false);
        var slow = new SplitPreTokenizer(new TextPattern($"(?:{MetaspaceScanner.Pattern})", isRegex: true), SplitBehavior.Isolated, invert: false);
        var random = new Random(13);
        for (var round = 0; round < 1000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(0, 30)).Select(_ => "▁▁\n\nab🙂"[random.Next(7)]));
            var words = new List<TextPiece>();
            fast.Split(text, new TextPiece(0, text.Length), words);
            var expected = new List<TextPiece>();
            slow.Split(text, new TextPiece(0, text.Length), expected);
            Assert.Equal(expected, words);
        }
    }

    [Fact]
    public void Lower_case_does_not_depend_on_the_library_of_the_machine()
    {
        // Capitals of Unicode 16 and 17, the one that becomes two characters, and one that the machine's library knows.
        var edits = new TextEdits(tracksOffsets: false);
        foreach (var rune in "\uA7CB\U00010D50\U00016EA0\u0130É".EnumerateRunes()) LowerCase.Append(rune, edits);
        Assert.Equal("\u0264\U00010D70\U00016EBBi\u0307é", edits.Text);
    }

    private static string RandomWord(Random random, int length)
    {
        var word = new StringBuilder(length);
        while (word.Length < length) word.Append((char)('a' + random.Next(4)));
        return word.ToString();
    }
}
