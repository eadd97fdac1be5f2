using System.Text;

namespace Coppice.Tokenizers.Training;

/// <summary>The words that a Unigram model is trained on: texts with counts, in an order that depends on nothing but them.</summary>
internal sealed class UnigramWords
{
    private UnigramWords(string[] texts, double[] counts) => (Texts, Counts) = (texts, counts);

    /// <summary>The words, each once.</summary>
    public string[] Texts { get; }

    /// <summary>How often each occurs.</summary>
    public double[] Counts { get; }

    /// <summary>Counted words, cut where a character isn't one of those that may be pieces.</summary>
    /// <param name="counts">The words.</param>
    /// <param name="characters">The characters that may be pieces.</param>
    public static UnigramWords Of(WordCounts counts, IEnumerable<int> characters)
    {
        var allowed = characters.ToHashSet();
        var all = new Dictionary<string, long>(StringComparer.Ordinal);
        var part = new StringBuilder();
        for (var i = 0; i < counts.Count; i++)
        {
            foreach (var rune in Encoding.UTF8.GetString(counts.Word(i)).EnumerateRunes())
            {
                if (allowed.Contains(rune.Value)) part.Append(rune);
                else Add(counts.CountOf(i));
            }

            Add(counts.CountOf(i));
        }

        var texts = all.Keys.ToArray();
        Array.Sort(texts, StringComparer.Ordinal);
        return new UnigramWords(texts, [.. texts.Select(text => (double)all[text])]);

        void Add(long count)
        {
            if (part.Length == 0) return;
            var text = part.ToString();
            part.Clear();
            all[text] = all.GetValueOrDefault(text) + count;
        }
    }
}
