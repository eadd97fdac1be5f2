namespace Coppice.Corpus.Building;

/// <summary>A hash of short texts that is the same in every process (FNV-1a over UTF-16 units, with SplitMix64's last mix).</summary>
internal static class StableHash
{
    /// <summary>The hash of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="seed">What it begins from.</param>
    public static ulong Of(ReadOnlySpan<char> text, ulong seed = 0)
    {
        var hash = 0xCBF29CE484222325 ^ seed;
        foreach (var c in text) hash = (hash ^ c) * 0x100000001B3;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return hash ^ (hash >> 31);
    }
}
