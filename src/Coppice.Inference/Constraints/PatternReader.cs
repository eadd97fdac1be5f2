using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Reads the signs that regular expressions and grammars have in common: characters, escapes, classes, numbers of repetitions.</summary>
/// <param name="name">What is read, for errors.</param>
/// <param name="text">Its text.</param>
internal sealed class PatternReader(string name, string text)
{
    /// <summary>How deep groups may lie in each other.</summary>
    public const int DeepestGroup = 200;

    private static readonly CodePoints Digits = new(('0', '9'));
    private static readonly CodePoints WordCharacters = new(('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_'));
    private static readonly CodePoints Spaces = CodePoints.Of(" \t\n\r\f\v");

    /// <summary>Where the next character is.</summary>
    public int Position { get; set; }

    /// <summary>Whether all was read.</summary>
    public bool AtEnd => Position == text.Length;

    /// <summary>The next UTF-16 unit; a null character at the end.</summary>
    public char Next => AtEnd ? '\0' : text[Position];

    /// <summary>An error at this place.</summary>
    /// <param name="what">What was wrong.</param>
    public CoppiceException Error(string what)
    {
        var before = text.AsSpan(0, Position);
        var line = before.Count('\n') + 1;
        return CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture, $"{name}, line {line}, character {Position - before.LastIndexOf('\n')}: {what}"));
    }

    /// <summary>Reads a text if it is the next one.</summary>
    /// <param name="expected">The text.</param>
    public bool Take(string expected)
    {
        if (!text.AsSpan(Position).StartsWith(expected, StringComparison.Ordinal)) return false;
        Position += expected.Length;
        return true;
    }

    /// <summary>Reads characters as long as they are of a kind.</summary>
    /// <param name="isOne">Whether one is.</param>
    public string TakeWhile(Func<char, bool> isOne)
    {
        var start = Position;
        while (!AtEnd && isOne(Next)) Position++;
        return text[start..Position];
    }

    /// <summary>Reads a character, which may be two UTF-16 units.</summary>
    public int Character()
    {
        if (AtEnd) throw Error("it ends too early");
        if (Rune.DecodeFromUtf16(text.AsSpan(Position), out var rune, out var length) != System.Buffers.OperationStatus.Done) throw Error("half a surrogate pair is no character");
        Position += length;
        return rune.Value;
    }

    /// <summary>Reads what follows a backslash: a character, or a class of them.</summary>
    public CodePoints Escape()
    {
        var sign = Character();
        return sign switch
        {
            'd' => Digits,
            'D' => Digits.Complement(),
            'w' => WordCharacters,
            'W' => WordCharacters.Complement(),
            's' => Spaces,
            'S' => Spaces.Complement(),
            'n' => Single('\n'),
            't' => Single('\t'),
            'r' => Single('\r'),
            'f' => Single('\f'),
            'v' => Single('\v'),
            'x' => Single(Hexadecimal(2)),
            'u' => Single(Utf16()),
            'U' => Single(Hexadecimal(8)),
            _ when sign < 128 && char.IsAsciiLetterOrDigit((char)sign) => throw Error($"'\\{(char)sign}' is not supported"),
            _ => Single(sign),
        };
    }

    /// <summary>Reads a class whose opening bracket was read.</summary>
    public CodePoints Class()
    {
        var negated = Take("^");
        var set = new List<(int First, int Last)>();
        while (!Take("]"))
        {
            if (Take("[:")) throw Error("named classes such as [:alpha:] are not supported; write the ranges");
            var item = ClassItem();
            var isRange = Next == '-' && Position + 1 < text.Length && text[Position + 1] != ']';
            if (isRange)
            {
                Position++;
                var (from, to) = (Only(item), Only(ClassItem()));
                if (from > to) throw Error("a range must rise");
                set.Add((from, to));
            }
            else
            {
                set.AddRange(item.Ranges);
            }
        }

        var result = negated ? new CodePoints(set).Complement() : new CodePoints(set);
        return result.Ranges.Count > 0 ? result : throw Error("a class without characters matches nothing");
    }

    /// <summary>Reads how often something is repeated, if that is what comes next.</summary>
    /// <returns>The least and the most number of times (null without bound); null where there is no such sign.</returns>
    public (int Least, int? Most)? Repetition()
    {
        if (Take("*")) return (0, null);
        if (Take("+")) return (1, null);
        if (Take("?")) return (0, 1);
        var start = Position;
        if (!Take("{")) return null;
        var (least, between, most) = (TakeWhile(char.IsAsciiDigit), Take(","), TakeWhile(char.IsAsciiDigit));
        if (least.Length == 0 || !Take("}"))
        {
            Position = start;
            return null;
        }

        var from = Number(least);
        var to = !between ? from : most.Length == 0 ? (int?)null : Number(most);
        return to < from ? throw Error("the most times are fewer than the least") : (from, to);
    }

    /// <summary>The one character of a set.</summary>
    /// <param name="set">The set.</param>
    public int Only(CodePoints set) => set.Ranges is [var (first, last)] && first == last ? first : throw Error("one character is expected here, not a class");

    private CodePoints ClassItem() => Take("\\") ? Escape() : Single(Character());

    private CodePoints Single(int character)
    {
        var set = character <= 0x10FFFF ? new CodePoints((character, character)) : new CodePoints();
        return set.Ranges.Count == 1 ? set : throw Error("that is no Unicode character");
    }

    private int Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= AutomatonBuilder.MostNodes ? number : throw Error("so many times are too many");

    private int Hexadecimal(int digits)
    {
        var end = Position + digits;
        if (end > text.Length || !int.TryParse(text.AsSpan(Position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value < 0)
            throw Error(string.Create(CultureInfo.InvariantCulture, $"{digits} hexadecimal digits are expected"));
        Position = end;
        return value;
    }

    /// <summary>Four hexadecimal digits, or twice four where they are a surrogate pair.</summary>
    private int Utf16()
    {
        var first = Hexadecimal(4);
        return char.IsHighSurrogate((char)first) && Take("\\u") && (char)Hexadecimal(4) is var second && char.IsLowSurrogate(second) ? char.ConvertToUtf32((char)first, second) : first;
    }
}
