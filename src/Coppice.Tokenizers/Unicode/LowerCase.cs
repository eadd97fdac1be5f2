using System.Text;

namespace Coppice.Tokenizers.Unicode;

/// <summary>Lower case as Unicode's full mapping without context has it, whatever the data of the machine's Unicode library.</summary>
internal static class LowerCase
{
    private const int CapitalIWithDot = 0x130;

    /// <summary>A combining dot above, which the lower case of U+0130 has after its <c>i</c>: the only one with two characters.</summary>
    private static readonly Rune DotAbove = new(0x307);

    /// <summary>Adds the lower case of a character to edited text.</summary>
    public static void Append(Rune rune, TextEdits edits)
    {
        if (rune.Value == CapitalIWithDot)
        {
            edits.Replace(new Rune('i'));
            edits.Insert(DotAbove);
            return;
        }

        var lower = Rune.ToLowerInvariant(rune);
        edits.Replace(lower == rune ? new Rune(Recent(rune.Value)) : lower);
    }

    /// <summary>Whether a text has nothing to change.</summary>
    public static bool IsUnchanged(string text)
    {
        foreach (var unit in text)
        {
            if (unit is >= 'A' and <= 'Z' || !char.IsAscii(unit)) return false;
        }

        return true;
    }

    // Unicode 16 and 17: libraries in use are often older.
    private static int Recent(int capital) => capital switch
    {
        0x1C89 or 0xA7CC or 0xA7CE or 0xA7D2 or 0xA7D4 or 0xA7DA => capital + 1,
        0xA7CB => 0x264,
        0xA7DC => 0x19B,
        >= 0x10D50 and <= 0x10D65 => capital + 0x20,
        >= 0x16EA0 and <= 0x16EB8 => capital + 0x1B,
        _ => capital,
    };
}
