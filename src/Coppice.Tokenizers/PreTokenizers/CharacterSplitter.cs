using System.Text;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>Cuts a text at single characters.</summary>
internal static class CharacterSplitter
{
    /// <summary>Appends the words of a range.</summary>
    /// <param name="text">The text.</param>
    /// <param name="range">The range to cut.</param>
    /// <param name="isDelimiter">The characters to cut at.</param>
    /// <param name="behavior">What becomes of them.</param>
    /// <param name="words">Where the words are appended.</param>
    public static void Split(ReadOnlySpan<char> text, TextPiece range, Func<Rune, bool> isDelimiter, SplitBehavior behavior, List<TextPiece> words)
    {
        var start = range.Start;
        var end = range.Start + range.Length;
        var afterDelimiter = false;
        for (var i = start; i < end;)
        {
            Rune.DecodeFromUtf16(text[i..end], out var rune, out var units);
            var atDelimiter = isDelimiter(rune);
            var cuts = behavior switch
            {
                SplitBehavior.Removed or SplitBehavior.Isolated => atDelimiter || afterDelimiter,
                SplitBehavior.Contiguous => atDelimiter != afterDelimiter,
                SplitBehavior.MergedWithPrevious => afterDelimiter,
                _ => atDelimiter,
            };
            if (cuts && i > start)
            {
                Add(start, i);
                start = i;
            }

            afterDelimiter = atDelimiter;
            i += units;
        }

        if (end > start) Add(start, end);

        void Add(int from, int to)
        {
            if (!afterDelimiter || behavior != SplitBehavior.Removed) words.Add(new TextPiece(from, to - from));
        }
    }
}
