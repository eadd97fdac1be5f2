using System.Text;

namespace Coppice.Tokenizers.Training;

/// <summary>The characters of counted words, and those of them that are frequent enough to be symbols.</summary>
internal static class FrequentCharacters
{
    /// <summary>How often each character occurs.</summary>
    public static Dictionary<int, long> Count(WordCounts counts)
    {
        var runes = new Dictionary<int, long>();
        for (var i = 0; i < counts.Count; i++)
        {
            for (var word = counts.Word(i); word.Length > 0;)
            {
                Rune.DecodeFromUtf8(word, out var rune, out var length);
                runes[rune.Value] = runes.GetValueOrDefault(rune.Value) + counts.CountOf(i);
                word = word[length..];
            }
        }

        return runes;
    }

    /// <summary>The fewest characters that cover a share of the text, the most frequent first.</summary>
    public static List<int> Covering(Dictionary<int, long> runes, double coverage)
    {
        var wanted = coverage * runes.Values.Sum();
        var covered = 0L;
        return runes.OrderByDescending(rune => rune.Value).ThenBy(rune => rune.Key).TakeWhile(rune =>
        {
            var isNeeded = covered < wanted;
            covered += rune.Value;
            return isNeeded;
        }).Select(rune => rune.Key).ToList();
    }
}
