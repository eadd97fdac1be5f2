namespace Coppice.Tokenizers.Training;

/// <summary>The vocabulary before the first merge, and how a counted word becomes symbols of it.</summary>
internal sealed class TrainingAlphabet
{
    private readonly int[] idOfByte = new int[256];

    private TrainingAlphabet(WordCounts counts, BpeTrainerOptions options)
    {
        var tokens = options.SpecialTokens.ToList();
        var seen = new bool[256];
        if (options.InitialAlphabet == InitialAlphabet.AllBytes) Array.Fill(seen, true);
        for (var word = 0; word < counts.Count; word++)
        {
            foreach (var value in counts.Word(word)) seen[value] = true;
        }

        foreach (var value in Enumerable.Range(0, 256).Where(value => seen[value]).OrderBy(value => ByteAlphabet.ToChar((byte)value)))
        {
            var token = ByteAlphabet.ToChar((byte)value).ToString();
            idOfByte[value] = tokens.IndexOf(token) is >= 0 and var special ? special : tokens.Count;
            if (idOfByte[value] == tokens.Count) tokens.Add(token);
        }

        Tokens = tokens;
    }

    /// <summary>The tokens by id: special tokens, then symbols in the order of their characters.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>The alphabet of counted words.</summary>
    public static TrainingAlphabet For(WordCounts counts, BpeTrainerOptions options) => new(counts, options);

    /// <summary>A word as symbols.</summary>
    public int[] Symbols(ReadOnlySpan<byte> word)
    {
        var symbols = new int[word.Length];
        for (var i = 0; i < word.Length; i++) symbols[i] = idOfByte[word[i]];
        return symbols;
    }
}
