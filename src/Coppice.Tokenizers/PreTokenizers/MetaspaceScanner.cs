namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>Words that begin with the character for a space, and lines apart, by hand: <c>▁*[^▁\n]+|▁+|\n+</c>.</summary>
internal static class MetaspaceScanner
{
    /// <summary>The pattern that the scanner stands for.</summary>
    public const string Pattern = "▁*[^▁\\n]+|▁+|\\n+";

    private const char Space = '▁';

    /// <summary>Where the word that starts at a place ends.</summary>
    public static int EndOfWord(ReadOnlySpan<char> text, int start)
    {
        var rest = text[start..];
        if (rest[0] == '\n') return start + LengthOfRun(rest, '\n');
        var spaces = LengthOfRun(rest, Space);
        var end = rest[spaces..].IndexOfAny(Space, '\n');
        return end < 0 ? text.Length : start + spaces + end;
    }

    private static int LengthOfRun(ReadOnlySpan<char> text, char of) => text.IndexOfAnyExcept(of) is >= 0 and var length ? length : text.Length;
}
