using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Models;

/// <summary>Bytes or characters to the ids that BPE starts from, with what happens to those that the vocabulary doesn't hold.</summary>
internal sealed class SymbolTable
{
    private const int Absent = -1;
    private readonly bool byteLevel;
    private readonly bool fuseUnknown;
    private readonly int unknownId = Absent;
    private readonly int[] idOfByte = new int[256];
    private readonly int[] idOfUnit = [];
    private readonly Dictionary<int, int> idOfHigherPlanes = [];
    private readonly int[]? fallback;
    private readonly Vocabulary vocabulary;
    private readonly string prefix;
    private readonly string suffix;

    /// <summary>Builds the table.</summary>
    /// <exception cref="CoppiceException">The unknown token isn't in the vocabulary.</exception>
    public SymbolTable(Vocabulary vocabulary, BpeOptions options)
    {
        byteLevel = options.ByteLevel;
        fuseUnknown = options.FuseUnknown;
        this.vocabulary = vocabulary;
        prefix = options.ContinuingPrefix ?? "";
        suffix = options.WordSuffix ?? "";
        if (options.UnknownToken is { } unknown)
        {
            unknownId = vocabulary.Find(unknown) ?? throw new CoppiceException($"the unknown token {Quoted.Text(unknown)} is not in the vocabulary");
        }

        if (options.ByteFallback)
        {
            fallback = new int[256];
            for (var value = 0; value < 256; value++) fallback[value] = vocabulary.Find(ByteToken(value)) ?? Absent;
        }

        if (byteLevel)
        {
            for (var value = 0; value < 256; value++) idOfByte[value] = vocabulary.Find(ByteAlphabet.ToChar((byte)value).ToString()) ?? Absent;
            return;
        }

        idOfUnit = new int[0x10000];
        Array.Fill(idOfUnit, Absent);
        foreach (var (token, id) in vocabulary.Ids)
        {
            if (token.Length == 1) idOfUnit[token[0]] = id;
            else if (token.Length == 2 && char.IsSurrogatePair(token[0], token[1])) idOfHigherPlanes[char.ConvertToUtf32(token[0], token[1])] = id;
        }
    }

    /// <summary>The token that stands for one byte where characters fall back to bytes.</summary>
    public static string ByteToken(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>The most symbols that so many bytes, or UTF-16 units, can give.</summary>
    public int MaximumSymbols(int units) => fallback is null ? units : checked((byteLevel ? 2 : 3) * units);

    /// <summary>The length in UTF-8 bytes of bytes written in GPT-2's alphabet.</summary>
    public int EncodedLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        foreach (var value in bytes) length += ByteAlphabet.EncodedLength(value);
        return length;
    }

    /// <summary>Appends the symbols of bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes, ref SymbolList list, TokenBuffer output)
    {
        var pending = 0;
        foreach (var value in bytes)
        {
            var id = idOfByte[value];
            if (id != Absent) AddKnown(id, ByteAlphabet.EncodedLength(value), ref list, ref pending);
            else AddUnknown(new Rune(ByteAlphabet.ToChar(value)), ref list, ref pending, output);
        }

        FlushUnknown(ref list, ref pending);
    }

    /// <summary>Appends the symbols of characters.</summary>
    public void Append(ReadOnlySpan<char> word, ref SymbolList list, TokenBuffer output)
    {
        var pending = 0;
        var units = 0;
        foreach (var rune in word.EnumerateRunes())
        {
            var isFirst = units == 0;
            units += rune.Utf16SequenceLength;
            var id = prefix.Length + suffix.Length > 0 ? Find(rune, isFirst, isLast: units == word.Length)
                : rune.IsBmp ? idOfUnit[rune.Value] : idOfHigherPlanes.GetValueOrDefault(rune.Value, Absent);
            if (id != Absent) AddKnown(id, rune.Utf8SequenceLength, ref list, ref pending);
            else AddUnknown(rune, ref list, ref pending, output);
        }

        FlushUnknown(ref list, ref pending);
    }

    private int Find(Rune rune, bool isFirst, bool isLast) =>
        vocabulary.Find((isFirst ? "" : prefix) + rune + (isLast ? suffix : "")) ?? Absent;

    // pending is the length of an unknown token that hasn't been written yet because the next symbol may join it.
    private void AddKnown(int id, int length, ref SymbolList list, ref int pending)
    {
        FlushUnknown(ref list, ref pending);
        list.Add(id, length);
    }

    private void AddUnknown(Rune rune, ref SymbolList list, ref int pending, TokenBuffer output)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..rune.EncodeToUtf8(bytes)];
        if (fallback is not null && HasFallback(bytes))
        {
            // The reference doesn't end a pending unknown token here: it comes after the bytes.
            foreach (var value in bytes) list.Add(fallback[value], 1);
            return;
        }

        output.UnknownCount++;
        if (unknownId == Absent) return;
        if (!fuseUnknown) FlushUnknown(ref list, ref pending);
        pending += bytes.Length;
    }

    private void FlushUnknown(ref SymbolList list, ref int pending)
    {
        if (pending > 0) list.Add(unknownId, pending);
        pending = 0;
    }

    private bool HasFallback(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (fallback![value] == Absent) return false;
        }

        return true;
    }
}
