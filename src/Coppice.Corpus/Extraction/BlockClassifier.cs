using Coppice.Foundation;

namespace Coppice.Corpus.Extraction;

/// <summary>
/// Says of each block how much it reads like running text: first by its length, links and share of function words, then by its neighbours. The scheme is jusText's,
/// with its thresholds for stop words (0.30, 0.32) and lengths (70, 200), but for two: a good paragraph may be a third links (jusText: a fifth), because encyclopaedias
/// and blogs are; and in a language without a list, or without spaces, the length and the end of a sentence decide.
/// </summary>
[Technique("justext", Title = "Removing Boilerplate and Duplicate Content from Web Corpora", Paper = "Pomikálek, PhD thesis, Masaryk University 2011")]
internal static class BlockClassifier
{
    private const int ShortLength = 70;
    private const int LongLength = 200;
    private const double LowStopWords = 0.30;
    private const double HighStopWords = 0.32;
    private const double MostLinks = 0.34;

    public static void Classify(IReadOnlyList<PageBlock> blocks)
    {
        var known = StopWords.Know(blocks);
        foreach (var block in blocks) block.Class = ByItself(block, known);
    }

    /// <summary>Lets the neighbours decide on what is short or nearly good. Blocks that were dropped are as if they were not there.</summary>
    /// <returns>For each block whether it is text.</returns>
    public static bool[] InContext(IReadOnlyList<PageBlock> blocks, int first, int end)
    {
        var kept = new bool[end - first];
        var before = BlockClass.Bad;
        var after = new BlockClass[end - first];
        var next = BlockClass.Bad;
        for (var index = end - 1; index >= first; index--)
        {
            after[index - first] = next;
            if (!blocks[index].Dropped && blocks[index].Class != BlockClass.Short) next = blocks[index].Class;
        }

        for (var index = first; index < end; index++)
        {
            var block = blocks[index];
            if (block.Dropped) continue;
            var following = after[index - first];
            kept[index - first] = block.Class switch
            {
                BlockClass.Good => true,
                BlockClass.NearGood => before != BlockClass.Bad || following != BlockClass.Bad || block.Text.Length >= LongLength,
                BlockClass.Short => (before >= BlockClass.NearGood && following >= BlockClass.NearGood) || (block.Kind == BlockKind.Heading && following >= BlockClass.NearGood),
                _ => false,
            };
            if (block.Class != BlockClass.Short) before = block.Class;
        }

        return kept;
    }

    private static BlockClass ByItself(PageBlock block, bool languageIsKnown)
    {
        var text = block.Text;
        if (block.LinkDensity > MostLinks || text.StartsWith('©')) return BlockClass.Bad;
        if (block.Kind == BlockKind.Heading) return text.Length > LongLength ? BlockClass.Bad : BlockClass.Short;
        if (block.Kind == BlockKind.Code) return text.Length > ShortLength ? BlockClass.NearGood : BlockClass.Short;
        var length = Length(text, out var dense);
        if (length < ShortLength) return block.LinkCharacters > 0 ? BlockClass.Bad : BlockClass.Short;
        if (dense || !languageIsKnown)
        {
            if (!EndsSentence(text)) return length > LongLength ? BlockClass.NearGood : BlockClass.Bad;
            return length > LongLength ? BlockClass.Good : BlockClass.NearGood;
        }

        var stopWords = StopWords.Density(text);
        if (stopWords >= HighStopWords) return length > LongLength ? BlockClass.Good : BlockClass.NearGood;
        if (stopWords >= LowStopWords) return BlockClass.NearGood;

        // Technical prose and languages rich in endings have fewer; sentences are the better sign.
        if (length > LongLength && stopWords >= 0.12 && EndsSentence(text)) return BlockClass.Good;
        return stopWords >= 0.12 && EndsSentence(text) ? BlockClass.NearGood : BlockClass.Bad;
    }

    // A character of Chinese or Japanese says as much as two or three letters.
    private static int Length(string text, out bool dense)
    {
        var ideographs = 0;
        foreach (var character in text)
        {
            if (character is >= '\u3040' and <= '\u9FFF' or >= '\uAC00' and <= '\uD7AF') ideographs++;
        }

        dense = ideographs * 3 > text.Length;
        return text.Length + (dense ? ideographs * 3 / 2 : 0);
    }

    internal static bool EndsSentence(string text)
    {
        var end = text.AsSpan().TrimEnd("\"'”’»«“‘)]）」』");
        return !end.IsEmpty && end[^1] is '.' or '!' or '?' or '…' or ':' or ';' or '。' or '！' or '？' or '؟' or '।' or '։';
    }
}
