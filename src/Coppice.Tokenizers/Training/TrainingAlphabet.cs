using System.Text;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>The vocabulary before the first merge, and how a counted word becomes symbols of it.</summary>
internal abstract class TrainingAlphabet
{
    /// <summary>Stands where a word has something that is no symbol: nothing merges over it.</summary>
    public const int NoSymbol = -1;

    private readonly List<string> tokens;

    protected TrainingAlphabet(IReadOnlyList<string> special) => tokens = [.. special];

    /// <summary>The tokens by id: special tokens, then symbols in the order of their characters.</summary>
    public IReadOnlyList<string> Tokens => tokens;

    /// <summary>Writes a word as symbols and returns how many they are: no more than its bytes.</summary>
    public abstract int WriteSymbols(ReadOnlySpan<byte> word, Span<int> symbols);

    /// <summary>The id of a token, which is added unless it is there as a special token.</summary>
    protected int Add(string token, int specialCount)
    {
        var id = tokens.IndexOf(token, 0, specialCount);
        if (id >= 0) return id;
        tokens.Add(token);
        return tokens.Count - 1;
    }
}

/// <summary>Bytes, written in GPT-2's alphabet.</summary>
internal sealed class ByteTrainingAlphabet : TrainingAlphabet
{
    private readonly int[] idOfByte = new int[256];

    public ByteTrainingAlphabet(WordCounts counts, IReadOnlyList<string> special, InitialAlphabet initial)
        : base(special)
    {
        var wanted = new bool[256];
        if (initial == InitialAlphabet.AllBytes) Array.Fill(wanted, true);
        for (var word = 0; word < counts.Count; word++)
        {
            foreach (var value in counts.Word(word)) wanted[value] = true;
        }

        foreach (var value in Enumerable.Range(0, 256).Where(value => wanted[value]).OrderBy(value => ByteAlphabet.ToChar((byte)value)))
        {
            idOfByte[value] = Add(ByteAlphabet.ToChar((byte)value).ToString(), special.Count);
        }
    }

    public override int WriteSymbols(ReadOnlySpan<byte> word, Span<int> symbols)
    {
        for (var i = 0; i < word.Length; i++) symbols[i] = idOfByte[word[i]];
        return word.Length;
    }
}

/// <summary>All bytes as <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, then the most frequent characters.</summary>
internal sealed class CharacterTrainingAlphabet : TrainingAlphabet
{
    private readonly Dictionary<int, int> idOfRune = [];

    public CharacterTrainingAlphabet(WordCounts counts, IReadOnlyList<string> special, double coverage)
        : base(special)
    {
        for (var value = 0; value < 256; value++) Add(SymbolTable.ByteToken(value), special.Count);
        foreach (var rune in FrequentCharacters.Covering(FrequentCharacters.Count(counts), coverage).Order()) idOfRune[rune] = Add(new Rune(rune).ToString(), special.Count);
    }

    public override int WriteSymbols(ReadOnlySpan<byte> word, Span<int> symbols)
    {
        var count = 0;
        while (word.Length > 0)
        {
            Rune.DecodeFromUtf8(word, out var rune, out var length);
            symbols[count++] = idOfRune.GetValueOrDefault(rune.Value, NoSymbol);
            word = word[length..];
        }

        return count;
    }
}
