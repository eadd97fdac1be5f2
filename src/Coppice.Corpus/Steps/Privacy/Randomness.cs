namespace Coppice.Corpus.Privacy;

/// <summary>How random a short text looks.</summary>
internal static class Randomness
{
    private static readonly string[] Placeholders =
        ["your", "example", "placeholder", "changeme", "xxxx", "****", "....", "<", "{", "todo", "dummy", "redacted", "1234567890", "insert", "password", "secret", "none", "null"];

    /// <summary>Shannon entropy of the characters, in bits for each.</summary>
    public static double BitsPerCharacter(ReadOnlySpan<char> text)
    {
        Span<int> counts = stackalloc int[128];
        counts.Clear();
        foreach (var unit in text) counts[unit & 127]++;
        var bits = 0.0;
        foreach (var count in counts)
        {
            if (count > 0) bits -= (double)count / text.Length * Math.Log2((double)count / text.Length);
        }

        return bits;
    }

    /// <summary>Whether it reads like a key: characters of base64 or hexadecimal, letters and digits, and the entropy of a random text of that alphabet.</summary>
    public static bool IsKeyLike(ReadOnlySpan<char> text)
    {
        var isHexadecimal = true;
        foreach (var unit in text)
        {
            if (!char.IsAsciiLetterOrDigit(unit) && unit is not ('+' or '/' or '=' or '-' or '_' or '.' or '~' or '!' or '@' or '#' or '$' or '%' or '^' or '&' or '*')) return false;
            isHexadecimal &= char.IsAsciiHexDigit(unit);
        }

        return HasDigitAndLetter(text) && BitsPerCharacter(text) >= (isHexadecimal ? 2.9 : 3.5) && !IsNameOfThings(text);
    }

    /// <summary>How many of lower case, upper case, digits and other signs it has.</summary>
    public static int Classes(ReadOnlySpan<char> text)
    {
        var classes = 0;
        foreach (var unit in text) classes |= char.IsAsciiLetterLower(unit) ? 1 : char.IsAsciiLetterUpper(unit) ? 2 : char.IsAsciiDigit(unit) ? 4 : 8;
        return int.PopCount(classes);
    }

    /// <summary>Whether it has a digit and a letter.</summary>
    public static bool HasDigitAndLetter(ReadOnlySpan<char> text)
    {
        var hasDigit = false;
        var hasLetter = false;
        foreach (var unit in text)
        {
            hasDigit |= char.IsAsciiDigit(unit);
            hasLetter |= char.IsAsciiLetter(unit);
        }

        return hasDigit && hasLetter;
    }

    /// <summary>Whether it stands for a secret that the reader is to fill in.</summary>
    public static bool IsPlaceholder(ReadOnlySpan<char> text)
    {
        foreach (var placeholder in Placeholders)
        {
            if (text.Contains(placeholder, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }

    /// <summary>Whether it is words of letters with signs between, such as a path, a package's name or a call.</summary>
    private static bool IsNameOfThings(ReadOnlySpan<char> text)
    {
        var letters = 0;
        var longest = 0;
        var run = 0;
        foreach (var unit in text)
        {
            run = char.IsAsciiLetterLower(unit) ? run + 1 : 0;
            longest = Math.Max(longest, run);
            if (char.IsAsciiLetter(unit)) letters++;
        }

        return longest >= 7 && letters > text.Length * 3 / 4;
    }
}
