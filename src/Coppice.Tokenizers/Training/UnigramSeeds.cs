using System.Text;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Frequent substrings of words, which a Unigram model starts from: each substring after which the text goes on in several ways, because any other is
/// always part of a longer one. Found by sorting the ends of all words (a suffix array) and going through their common beginnings.
/// </summary>
internal static class UnigramSeeds
{
    // Of more text than this only the most frequent words are searched: sorting takes its time.
    private const int MostCharacters = 16 << 20;

    /// <summary>All characters, and the substrings whose frequency times length is highest.</summary>
    /// <param name="words">The words.</param>
    /// <param name="size">How many pieces at most.</param>
    /// <param name="maxLength">The most characters of a substring.</param>
    /// <param name="cancellation">Stops it.</param>
    public static List<UnigramPiece> Find(UnigramWords words, int size, int maxLength, CancellationToken cancellation)
    {
        var characters = new SortedDictionary<int, double>();
        for (var w = 0; w < words.Texts.Length; w++)
        {
            foreach (var rune in words.Texts[w].EnumerateRunes()) characters[rune.Value] = characters.GetValueOrDefault(rune.Value) + words.Counts[w];
        }

        var substrings = Substrings(words, maxLength, cancellation);
        substrings.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Text, b.Text));
        var seeds = characters.Select(character => new UnigramPiece(new Rune(character.Key).ToString(), character.Value)).Concat(substrings).Take(Math.Max(size, characters.Count)).ToList();
        var logSum = Math.Log(seeds.Sum(seed => seed.Score));
        return seeds.ConvertAll(seed => seed with { Score = Math.Log(seed.Score) - logSum });
    }

    private static List<UnigramPiece> Substrings(UnigramWords words, int maxLength, CancellationToken cancellation)
    {
        // The words one after another, a -1 after each, with the frequency of each character's word.
        var text = new List<int>();
        var weights = new List<double>();
        foreach (var w in Enumerable.Range(0, words.Texts.Length).OrderByDescending(w => words.Counts[w]).ThenBy(w => w))
        {
            if (text.Count + words.Texts[w].Length + 1 > MostCharacters) break;
            foreach (var rune in words.Texts[w].EnumerateRunes()) text.Add(rune.Value);
            text.Add(-1);
            while (weights.Count < text.Count) weights.Add(words.Counts[w]);
        }

        var characters = text.ToArray();
        var suffixes = Enumerable.Range(0, characters.Length).Where(i => characters[i] >= 0).ToArray();
        cancellation.ThrowIfCancellationRequested();
        Array.Sort(suffixes, (a, b) => Compare(characters, a, b, maxLength));
        cancellation.ThrowIfCancellationRequested();

        var found = new List<UnigramPiece>();
        // Beginnings that the suffixes have in common with the one before them: length, summed frequency, and a place to read them from.
        var open = new Stack<(int Length, double Weight, int Place)>();
        var commonBefore = 0;
        for (var i = 1; i <= suffixes.Length; i++)
        {
            var common = i == suffixes.Length ? 0 : Common(characters, suffixes[i - 1], suffixes[i], maxLength);
            var weight = weights[suffixes[i - 1]];
            // The end of one word alone, which is in the text as often as the word.
            var length = Common(characters, suffixes[i - 1], suffixes[i - 1], maxLength + 1);
            if (weight > 1 && length > 1 && length <= maxLength && length > common && length > commonBefore) found.Add(new UnigramPiece(TextAt(characters, suffixes[i - 1], length), weight * length));
            commonBefore = common;
            while (open.Count > 0 && open.Peek().Length > common)
            {
                var closed = open.Pop();
                weight += closed.Weight;
                if (closed.Length > 1) found.Add(new UnigramPiece(TextAt(characters, closed.Place, closed.Length), weight * closed.Length));
            }

            if (common == 0) continue;
            if (open.Count > 0 && open.Peek().Length == common) weight += open.Pop().Weight;
            open.Push((common, weight, suffixes[i]));
        }

        return found;
    }

    private static int Compare(int[] text, int a, int b, int maxLength)
    {
        for (var i = 0; i < maxLength; i++)
        {
            var (left, right) = (text[a + i], text[b + i]);
            if (left != right) return left.CompareTo(right);
            // Both words end.
            if (left < 0) break;
        }

        return a.CompareTo(b);
    }

    private static int Common(int[] text, int a, int b, int maxLength)
    {
        var length = 0;
        while (length < maxLength && text[a + length] == text[b + length] && text[a + length] >= 0) length++;
        return length;
    }

    private static string TextAt(int[] text, int place, int length)
    {
        var result = new StringBuilder(length);
        for (var i = place; i < place + length; i++) result.Append(new Rune(text[i]));
        return result.ToString();
    }
}
