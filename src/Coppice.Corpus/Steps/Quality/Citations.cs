using System.Text;

namespace Coppice.Corpus.Quality;

/// <summary>Removes Wikipedia's marks: digits in brackets (or none), <c>[edit]</c>, <c>[citation needed]</c>.</summary>
internal static class Citations
{
    private static readonly string[] Words = ["[edit]", "[citation needed]"];

    /// <summary>The line without its marks; null where it has none.</summary>
    public static string? Remove(ReadOnlySpan<char> line)
    {
        StringBuilder? result = null;
        var copied = 0;
        for (var i = line.IndexOf('['); i >= 0 && i < line.Length; i++)
        {
            var length = LengthOfMark(line[i..]);
            if (length > 0)
            {
                (result ??= new StringBuilder(line.Length)).Append(line[copied..i]);
                copied = i + length;
                i = copied - 1;
            }

            var next = line[(i + 1)..].IndexOf('[');
            if (next < 0) break;
            i += next;
        }

        return result?.Append(line[copied..]).ToString();
    }

    private static int LengthOfMark(ReadOnlySpan<char> text)
    {
        foreach (var word in Words)
        {
            if (text.StartsWith(word)) return word.Length;
        }

        var end = 1;
        while (end < text.Length && char.IsDigit(text[end])) end++;
        return end < text.Length && text[end] == ']' ? end + 1 : 0;
    }
}
