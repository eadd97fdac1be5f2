using System.Buffers;
using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Unicode;

/// <summary>
/// Repairs text that was UTF-8, was read as windows-1252 (or Latin-1) and was written as UTF-8 again: <c>Ã©</c> for <c>é</c>, <c>â€™</c> for <c>’</c>; also where that
/// happened twice. The idea is that of ftfy (R. Speer, doi:10.5281/zenodo.2591652): such text, written back in the wrong encoding, is valid UTF-8, which ordinary text
/// hardly ever is.
/// </summary>
/// <remarks>
/// Hardly ever: <c>été »</c> with a no-break space and <c>vidíš”</c> are valid too. So a sequence is repaired only where nobody would write its characters
/// (<see cref="IsCertain"/>), or where it begins with the same character as one in the same text that nobody would.
/// </remarks>
internal static class Mojibake
{
    private const int MostRounds = 3;

    // windows-1252 at 0x80 to 0x9F; the five places where it has nothing are read as the controls of Latin-1, as browsers do.
    private const string Windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ";

    private static readonly byte[] ByteOf = BuildBytes();
    private static readonly SearchValues<char> Leads = SearchValues.Create([.. Enumerable.Range(0xC2, 0xF4 - 0xC2 + 1).Select(unit => (char)unit)]);

    /// <summary>What stands after a letter in ordinary text; the other characters of these encodings don't.</summary>
    private static readonly SearchValues<char> Ordinary = SearchValues.Create("\u00A0«»‹›“”„‘’‚…–—•·°®©™¹²³ºª€£¿¡§¶ŠšŽžŒœŸ");

    private readonly record struct Sequence(int Start, int Length, int CodePoint, bool IsCertain);

    /// <summary>The repaired text and how many sequences were repaired; the text itself where none was.</summary>
    /// <param name="text">The text.</param>
    public static (string Text, int Repairs) Repair(string text)
    {
        var repairs = 0;
        for (var round = 0; round < MostRounds; round++)
        {
            var (repaired, count) = RepairOnce(text);
            if (count == 0) break;
            text = repaired;
            // What was garbled twice is one repair.
            repairs = Math.Max(repairs, count);
        }

        return (text, repairs);
    }

    private static (string Text, int Repairs) RepairOnce(string text)
    {
        var sequences = FindSequences(text);
        var certainLeads = sequences.Where(sequence => sequence.IsCertain).Select(sequence => text[sequence.Start]).ToHashSet();
        if (certainLeads.Count == 0) return (text, 0);
        var result = new StringBuilder(text.Length);
        var copied = 0;
        var repairs = 0;
        Span<char> decoded = stackalloc char[2];
        foreach (var sequence in sequences)
        {
            if (!sequence.IsCertain && (!certainLeads.Contains(text[sequence.Start]) || IsEndOfCapitals(text, sequence.Start, sequence.Length))) continue;
            result.Append(text, copied, sequence.Start - copied).Append(decoded[..new Rune(sequence.CodePoint).EncodeToUtf16(decoded)]);
            copied = sequence.Start + sequence.Length;
            repairs++;
        }

        return (result.Append(text, copied, text.Length - copied).ToString(), repairs);
    }

    private static List<Sequence> FindSequences(string text)
    {
        var sequences = new List<Sequence>();
        for (var i = 0; ;)
        {
            var next = text.AsSpan(i).IndexOfAny(Leads);
            if (next < 0) return sequences;
            i += next;
            var (length, codePoint) = Decode(text, i);
            if (length == 0)
            {
                i++;
                continue;
            }

            var touches = sequences.Count > 0 && sequences[^1].Start + sequences[^1].Length == i;
            var isCertain = touches || IsCertain(text, i, length);
            // Two in a row are certain, whatever each is by itself.
            if (touches) sequences[^1] = sequences[^1] with { IsCertain = true };
            sequences.Add(new Sequence(i, length, codePoint, isCertain));
            i += length;
        }
    }

    /// <summary>Whether nobody would write these characters at this place.</summary>
    private static bool IsCertain(string text, int start, int length)
    {
        var lead = text[start];
        var before = start > 0 ? text[start - 1] : ' ';
        if (length == 4) return true;
        // A character that follows no letter in ordinary text; a capital with an accent in the middle of a word.
        if (text.AsSpan(start + 1, length - 1).ContainsAnyExcept(Ordinary)) return !IsEndOfCapitals(text, start, length);
        if (char.IsLower(before) && char.IsUpper(lead)) return true;
        return length == 2
            ? lead is 'Ã' or 'Â' && !IsEndOfCapitals(text, start, length)
            : (lead == 'â' && (text[start + 1] == '€' || !char.IsLetter(before))) || (lead == 'ï' && text[start + 1] == '»' && !char.IsLetter(before));
    }

    /// <summary>Whether it may be the end of a word in capitals with punctuation after it: <c>MANHÃ”</c>.</summary>
    private static bool IsEndOfCapitals(string text, int start, int length)
    {
        var end = start + length;
        return start > 0 && char.IsUpper(text[start - 1]) && char.IsUpper(text[start]) && !(end < text.Length && char.IsLetter(text[end]))
            && !text.AsSpan(start + 1, length - 1).ContainsAnyExcept(Ordinary);
    }

    /// <summary>The code point that characters, read as bytes, are the UTF-8 of; length 0 where they are not.</summary>
    private static (int Length, int CodePoint) Decode(string text, int start)
    {
        var length = text[start] switch
        {
            < 'à' => 2,
            < 'ð' => 3,
            _ => 4,
        };
        if (start + length > text.Length) return (0, 0);
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < length; i++) bytes[i] = ByteOf[text[start + i]];
        var status = Rune.DecodeFromUtf8(bytes[..length], out var rune, out var consumed);
        var isText = status == OperationStatus.Done && consumed == length && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);
        return isText ? (length, rune.Value) : (0, 0);
    }

    private static byte[] BuildBytes()
    {
        var bytes = new byte[char.MaxValue + 1];
        for (var i = 0x80; i < 0x100; i++) bytes[i] = (byte)i;
        for (var i = 0; i < Windows1252.Length; i++) bytes[Windows1252[i]] = (byte)(0x80 + i);
        return bytes;
    }
}
