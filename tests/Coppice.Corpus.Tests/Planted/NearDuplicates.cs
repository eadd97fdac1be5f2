using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>Copies of texts in which words were replaced, left out or added at random places.</summary>
internal static class NearDuplicates
{
    public static string KindOf(int percent) => string.Create(CultureInfo.InvariantCulture, $"near duplicate, {percent} %");

    /// <summary>The texts and a copy of each.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="percent">How many of 100 words are changed.</param>
    /// <param name="words">What is put in.</param>
    /// <param name="dice">Chance.</param>
    public static IEnumerable<PlantedDocument> Of(List<PlantedDocument> texts, int percent, IReadOnlyList<string> words, Dice dice)
    {
        foreach (var text in texts)
        {
            yield return text;
            var copy = Edited(text.Text, percent / 100.0, words, dice);
            yield return text with { Id = $"{text.Id}/copy", Kind = KindOf(percent), Text = copy, Expected = copy, NearlyThe = text.Id };
        }
    }

    private static string Edited(string text, double share, IReadOnlyList<string> words, Dice dice)
    {
        var starts = Enumerable.Range(0, text.Length).Where(i => !char.IsWhiteSpace(text[i]) && (i == 0 || char.IsWhiteSpace(text[i - 1]))).ToList();
        var edited = new StringBuilder(text);
        foreach (var place in dice.Shuffled(Enumerable.Range(0, starts.Count))[..Math.Max(1, (int)Math.Round(share * starts.Count))].OrderDescending())
        {
            var (start, end) = (starts[place], starts[place]);
            while (end < text.Length && !char.IsWhiteSpace(text[end])) end++;
            switch (dice.Below(3))
            {
                case 0:
                    edited.Remove(start, end - start).Insert(start, dice.One(words));
                    break;
                case 1:
                    edited.Remove(start, Math.Min(end + 1, text.Length) - start);
                    break;
                default:
                    edited.Insert(start, dice.One(words) + " ");
                    break;
            }
        }

        return edited.ToString().Trim();
    }
}
