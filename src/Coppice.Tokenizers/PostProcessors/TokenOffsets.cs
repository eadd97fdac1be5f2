using System.Text;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary>What <c>trim_offsets</c> means: the offsets of a token leave out the white space at its ends.</summary>
internal static class TokenOffsets
{
    private static readonly char Space = ByteAlphabet.ToChar((byte)' ');

    /// <summary>Trims the offsets of tokens written in GPT-2's alphabet.</summary>
    /// <param name="encoding">The tokens.</param>
    /// <param name="addPrefixSpace">Whether a space may have been put before the text.</param>
    public static void Trim(TokenEncoding encoding, bool addPrefixSpace)
    {
        for (var i = 0; i < encoding.IdList.Count; i++)
        {
            var (start, end) = encoding.OffsetList[i];
            var runes = encoding.TokenList[i].EnumerateRunes().ToArray();
            var leading = runes.TakeWhile(IsSpace).Count();
            var trailing = runes.Reverse().TakeWhile(IsSpace).Count();
            // A single space before the first word may be the one that was added: it isn't in the text.
            if (leading == 1 && addPrefixSpace && (i == 0 || start == 0)) leading = 0;
            start = Math.Min(start + leading, end);
            if (end >= trailing) end = Math.Max(end - trailing, start);
            encoding.OffsetList[i] = (start, end);
        }
    }

    private static bool IsSpace(Rune rune) => rune.Value == Space || Rune.IsWhiteSpace(rune);
}
