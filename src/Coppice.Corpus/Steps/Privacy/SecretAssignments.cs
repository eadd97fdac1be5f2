using System.Buffers;

namespace Coppice.Corpus.Privacy;

/// <summary>
/// Finds what is assigned to a name that promises a secret: <c>api_key = "..."</c>, <c>"token": "..."</c>, <c>PASSWORD=...</c>. The value must be as random as a key, or after
/// "password" as mixed as one; references (<c>os.environ[...]</c>), placeholders and prose are none.
/// </summary>
internal static class SecretAssignments
{
    private const int LongestName = 40;
    private const int LongestValue = 512;

    private static readonly SearchValues<string> Names = SearchValues.Create(
        ["password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "apikey", "api-key", "access_key", "accesskey", "auth_key", "private_key", "credential", "account_key"],
        StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<char> ValueEnds = SearchValues.Create(" \t\r\n,;\"'`<>)");

    public static void Find(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOfAny(Names);
            if (next < 0) return;
            i += next;
            var nameEnd = i;
            while (nameEnd < text.Length && nameEnd - i < LongestName && (char.IsAsciiLetterOrDigit(text[nameEnd]) || text[nameEnd] is '_' or '-')) nameEnd++;
            var isPassword = text[i] is 'p' or 'P' && !text[i..].StartsWith("private", StringComparison.OrdinalIgnoreCase);
            var (start, isQuoted) = StartOfValue(text, nameEnd);
            if (start > 0)
            {
                var end = EndOfValue(text, start, isQuoted);
                if (IsSecret(text[start..end], isPassword, isQuoted)) findings.Add(new PiiFinding(start, end - start, PiiKind.Secret));
            }

            i = Math.Max(nameEnd, i + 1);
        }
    }

    private static (int Start, bool IsQuoted) StartOfValue(ReadOnlySpan<char> text, int index)
    {
        if (Ascii.At(text, index) is '"' or '\'' or '`' or ']') index++;
        if (Ascii.At(text, index) == ']') index++;
        while (Ascii.At(text, index) is ' ' or '\t' && index < text.Length) index++;
        var sign = index;
        while (Ascii.At(text, index) is ':' or '=' or '>') index++;
        if (text[sign..index] is not (":" or "=" or ":=" or "=>")) return (0, false);
        while (Ascii.At(text, index) is ' ' or '\t' && index < text.Length) index++;
        if (text[index..].StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) index += "Bearer ".Length;
        var isQuoted = Ascii.At(text, index) is '"' or '\'' or '`';
        return (isQuoted ? index + 1 : index, isQuoted);
    }

    private static int EndOfValue(ReadOnlySpan<char> text, int start, bool isQuoted)
    {
        if (start >= text.Length) return text.Length;
        var rest = text[start..Math.Min(text.Length, start + LongestValue)];
        var end = isQuoted ? rest.IndexOfAny(text[start - 1], '\n') : rest.IndexOfAny(ValueEnds);
        return start + (end < 0 ? rest.Length : end);
    }

    private static bool IsSecret(ReadOnlySpan<char> value, bool isPassword, bool isQuoted)
    {
        if (value.ContainsAny(' ', '(', '[') || value.StartsWith("$") || value.StartsWith("%") || value.Contains("://", StringComparison.Ordinal) || Randomness.IsPlaceholder(value)) return false;
        if (isPassword && value.Length >= 8 && (Randomness.Classes(value) >= 3 || (isQuoted && Randomness.HasDigitAndLetter(value) && Randomness.BitsPerCharacter(value) >= 2.7))) return true;
        return value.Length >= 16 && Randomness.IsKeyLike(value);
    }
}
