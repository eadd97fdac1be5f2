using System.Text;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

/// <summary>The fast ways of merging against the definition, spelt out.</summary>
public class BpeModelTests
{
    [Fact]
    public void Scanning_and_the_heap_give_what_the_definition_gives()
    {
        var random = new Random(5);
        for (var round = 0; round < 400; round++)
        {
            // Any merges, not only those that training gives: results may have a lower rank than what they are made of.
            var symbols = random.Next(2, 6);
            var merges = Enumerable.Range(0, random.Next(1, 30)).Select(i => new Merge(random.Next(symbols + i), random.Next(symbols + i), symbols + i)).ToList();
            for (var i = merges.Count - 1; i > 0; i--) (merges[i], merges[random.Next(i)]) = (merges[random.Next(i)], merges[i]);
            merges = merges.DistinctBy(merge => (merge.Left, merge.Right)).ToList();
            var table = new MergeTable(merges);
            var word = Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(symbols)).ToArray();
            var expected = Definition(word, merges);

            Assert.Equal(expected, Run(BpeMerger.MergeByScanning, word, table));
            Assert.Equal(expected, Run(BpeMerger.MergeByHeap, word, table));
        }
    }

    private delegate int Merger(Span<int> ids, Span<int> lengths, MergeTable table);

    private static (int, int)[] Run(Merger merger, int[] word, MergeTable table)
    {
        var ids = word.ToArray();
        var lengths = word.Select((_, i) => i + 1).ToArray();
        var count = merger(ids, lengths, table);
        var withoutLengths = word.ToArray();
        Assert.Equal(count, merger(withoutLengths, [], table));
        Assert.Equal(ids[..count], withoutLengths[..count]);
        return ids.Zip(lengths).Take(count).ToArray();
    }

    private static (int, int)[] Definition(int[] word, List<Merge> merges)
    {
        var symbols = word.Select((id, i) => (Id: id, Length: i + 1)).ToList();
        while (true)
        {
            var candidates = Enumerable.Range(0, symbols.Count - 1)
                .Select(i => (Rank: merges.FindLastIndex(merge => merge.Left == symbols[i].Id && merge.Right == symbols[i + 1].Id), At: i))
                .Where(candidate => candidate.Rank >= 0).Order().ToList();
            if (candidates.Count == 0) return symbols.ToArray();
            var (rank, at) = candidates[0];
            symbols[at] = (merges[rank].Merged, symbols[at].Length + symbols[at + 1].Length);
            symbols.RemoveAt(at + 1);
        }
    }

    [Fact]
    public void Words_looked_up_whole_are_what_merging_gives()
    {
        var tokenizer = SmallTokenizers.Bytes;
        var model = ModelOf(tokenizer);
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var text = SmallTokenizers.RandomText(random, random.Next(1, 60));
            var expected = new List<int>();
            var words = new List<TextPiece>();
            new PreTokenizers.ByteLevelPreTokenizer(false, true, true).Split(text, new TextPiece(0, text.Length), words);
            foreach (var word in words)
            {
                var symbols = Encoding.UTF8.GetBytes(text.Substring(word.Start, word.Length)).Select(value => tokenizer.TokenToId(ByteAlphabet.ToChar(value).ToString())!.Value).ToArray();
                expected.AddRange(Definition(symbols, model.Merges.ToList()).Select(symbol => symbol.Item1));
            }

            Assert.Equal(expected, tokenizer.Encode(text));
        }
    }

    [Fact]
    public void A_text_cut_where_no_merge_reaches_over_is_merged_as_a_whole_text_is()
    {
        var trained = BpeTrainer.Train(SmallTokenizers.Sentences(200), new BpeTrainerOptions { VocabularySize = 600, Style = BpeStyle.Llama, CharacterCoverage = 1 });
        Assert.Contains(Enumerable.Range(0, trained.VocabularySize), id => trained.IdToToken(id)!.StartsWith("▁▁", StringComparison.Ordinal) || trained.IdToToken(id)!.StartsWith("▁th", StringComparison.Ordinal));
        var merges = ModelOf(trained).Merges.ToList();
        foreach (var text in SmallTokenizers.Sentences(260).Skip(200))
        {
            var symbols = ("▁" + text.Replace(' ', '▁')).EnumerateRunes().Select(rune => trained.TokenToId(rune.ToString())!.Value).ToArray();
            Assert.Equal(Definition(symbols, merges).Select(symbol => symbol.Item1), trained.Encode(text));
        }
    }

    [Fact]
    public void A_text_is_only_cut_before_characters_that_begin_tokens()
    {
        // c follows a in a token, d begins one or follows itself, e is in no merge, f isn't in the vocabulary.
        var vocabulary = new Vocabulary([new("a", 0), new("c", 1), new("ac", 2), new("d", 3), new("dd", 4), new("dda", 5), new("e", 6)]);
        var boundaries = new MergeBoundaries(vocabulary, [new Merge(0, 1, 2), new Merge(3, 3, 4), new Merge(4, 0, 5)]);
        Assert.Equal([3, 2, 1], ((string[])["acfddce", "ffddd", "edd"]).Select(text => boundaries.EndOfPart(text)));
        Assert.Equal(4, new MergeBoundaries(vocabulary, []).EndOfPart("acde"));
    }

    [Fact]
    public void A_token_that_merging_does_not_reach_is_not_looked_up()
    {
        // "abc" is a token of the merges a+b and ab+c, but b+c comes first.
        var vocabulary = new Vocabulary([new("a", 0), new("b", 1), new("c", 2), new("bc", 3), new("ab", 4), new("abc", 5)]);
        foreach (var byteLevel in (bool[])[false, true])
        {
            var model = new BpeModel(vocabulary, [new Merge(1, 2, 3), new Merge(0, 1, 4), new Merge(4, 2, 5)], new BpeOptions { ByteLevel = byteLevel });
            var output = new TokenBuffer([]);
            model.Encode("abc", output);
            Assert.Equal([0, 3], output.Ids);
        }
    }

    [Fact]
    public void Byte_level_text_comes_back_from_its_tokens()
    {
        var random = new Random(11);
        for (var round = 0; round < 300; round++)
        {
            var text = SmallTokenizers.RandomText(random, random.Next(0, 400));
            var ids = new List<int>();
            SmallTokenizers.Bytes.Encode(text, ids, out var unknown);
            Assert.Equal(0, unknown);
            Assert.Equal(text, SmallTokenizers.Bytes.Decode(CollectionsAsSpan(ids)));
        }
    }

    [Fact]
    public void Every_code_point_comes_back_from_its_tokens()
    {
        var text = new StringBuilder();
        for (var value = 0; value < 0x110000; value++)
        {
            if (Rune.TryCreate(value, out var rune)) text.Append(rune);
        }

        var all = text.ToString();
        Assert.Equal(all, SmallTokenizers.Bytes.Decode(CollectionsAsSpan(SmallTokenizers.Bytes.Encode(all))));
    }

    [Fact]
    public void Lone_surrogates_become_replacement_characters()
    {
        var random = new Random(13);
        for (var round = 0; round < 200; round++)
        {
            var text = SmallTokenizers.RandomText(random, 100, loneSurrogates: true);
            var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            Assert.Equal(valid, SmallTokenizers.Bytes.Decode(CollectionsAsSpan(SmallTokenizers.Bytes.Encode(text))));
            Assert.Equal(SmallTokenizers.Bytes.Encode(text), SmallTokenizers.Bytes.EncodeWithOffsets(text, addSpecialTokens: false).Ids);
            Assert.Equal(SmallTokenizers.Llama.Encode(valid), SmallTokenizers.Llama.Encode(text));
            SmallTokenizers.Llama.EncodeWithOffsets(text, addSpecialTokens: true);
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("ab")]
    [InlineData("a ")]
    [InlineData("the ")]
    [InlineData("thethe")]
    [InlineData("1")]
    [InlineData("!?")]
    [InlineData("\uD800")]
    [InlineData("🙂")]
    public async Task A_million_repetitions_are_encoded_in_reasonable_time(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        // Quadratic work on a word of a million symbols would take hours.
        await Task.Run(() =>
        {
            Assert.NotEmpty(SmallTokenizers.Bytes.Encode(text));
            Assert.NotEmpty(SmallTokenizers.Llama.Encode(text));
        }).WaitAsync(TimeSpan.FromMinutes(1));
    }

    private static BpeModel ModelOf(Tokenizer tokenizer) => (BpeModel)tokenizer.Model;

    private static ReadOnlySpan<int> CollectionsAsSpan(List<int> ids) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids);
}
