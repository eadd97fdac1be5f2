using System.Numerics;

namespace Coppice.Corpus.Building;

/// <summary>What the documents of a corpus are like, counted as they pass.</summary>
internal sealed class CorpusProfile
{
    private const int Languages = 256, Domains = 2048, Ngrams = 8192, NgramWords = 4;

    // Counting n-grams of all text would take longer than filtering it; what recurs shows in a part of each chunk.
    private const int NgramCharacters = 1 << 18;

    private readonly TopCounts _languages = new(Languages), _domains = new(Domains), _ngrams = new(Ngrams);
    private readonly SortedDictionary<int, long> _lengths = [], _clusters = [];
    private int _ngramCharactersLeft = NgramCharacters;

    /// <summary>Counts a document, but for its n-grams.</summary>
    /// <param name="document">The document.</param>
    public void Add(Document document)
    {
        _languages.Add(document.Language ?? "");
        if (document.Url is { } url && Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Host.Length > 0) _domains.Add(address.Host);
        Count(_lengths, BitOperations.Log2((uint)document.Text.Length));
        if (document.Copies > 1) Count(_clusters, BitOperations.Log2((ulong)document.Copies));
    }

    /// <summary>Adds what was counted elsewhere.</summary>
    /// <param name="other">What was counted.</param>
    public void Add(ProfileRecord other)
    {
        foreach (var entry in other.Languages) _languages.Add(entry.Reason, entry.Count);
        foreach (var entry in other.Domains) _domains.Add(entry.Reason, entry.Count);
        foreach (var entry in other.Ngrams) _ngrams.Add(entry.Reason, entry.Count);
        foreach (var (length, count) in other.Lengths) Count(_lengths, length, count);
        foreach (var (size, count) in other.Clusters) Count(_clusters, size, count);
    }

    /// <summary>What was counted.</summary>
    /// <param name="most">How many languages, domains and n-grams at most.</param>
    public ProfileRecord ToRecord(int most) => new(
        _languages.Top(most), _domains.Top(most), [.. _ngrams.Top(most).Where(ngram => ngram.Count > 1)], new SortedDictionary<int, long>(_lengths), new SortedDictionary<int, long>(_clusters));

    private static void Count(SortedDictionary<int, long> counts, int key, long count = 1) => counts[key] = counts.GetValueOrDefault(key) + count;

    /// <summary>
    /// Counts the n-grams of a document, until enough text was counted. They stay within a line and have one space between words: then one is a piece of the text as it stands.
    /// </summary>
    /// <param name="text">The document's text.</param>
    /// <returns>Whether there is room for more.</returns>
    public bool AddNgrams(string text)
    {
        Span<int> starts = stackalloc int[NgramWords];
        var words = 0;
        var start = 0;
        var end = Math.Min(text.Length, _ngramCharactersLeft);
        _ngramCharactersLeft -= end;
        for (var i = 0; i <= end; i++)
        {
            var c = i < text.Length ? text[i] : '\n';
            if (!char.IsWhiteSpace(c)) continue;
            if (i > start)
            {
                if (words == NgramWords)
                {
                    starts[1..].CopyTo(starts);
                    words--;
                }

                starts[words++] = start;
                if (words == NgramWords) _ngrams.Add(text.AsSpan(starts[0], i - starts[0]));
            }
            else
            {
                words = 0;
            }

            if (c != ' ') words = 0;
            start = i + 1;
        }

        return _ngramCharactersLeft > 0;
    }
}

/// <summary>What the documents of a corpus are like.</summary>
/// <param name="Languages">Documents by language; an empty text stands for those whose language is not known.</param>
/// <param name="Domains">Documents by the host of their address.</param>
/// <param name="Ngrams">The commonest runs of four words, counted in a part of the text.</param>
/// <param name="Lengths">Documents by the binary logarithm of their length in UTF-16 units, rounded down.</param>
/// <param name="Clusters">Documents that stand for several, by the binary logarithm of how many, rounded down.</param>
public sealed record ProfileRecord(
    IReadOnlyList<ReasonCount> Languages,
    IReadOnlyList<ReasonCount> Domains,
    IReadOnlyList<ReasonCount> Ngrams,
    IReadOnlyDictionary<int, long> Lengths,
    IReadOnlyDictionary<int, long> Clusters);
