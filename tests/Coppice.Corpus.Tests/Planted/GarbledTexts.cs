using System.Text;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>Texts that were read in the wrong encoding, once or twice.</summary>
internal static class GarbledTexts
{
    public const string Kind = "mojibake";

    private const int FewestSigns = 3;

    private static readonly Encoding[] Wrong = [CodePagesEncodingProvider.Instance.GetEncoding(1252)!, Encoding.Latin1];

    /// <summary>Whether a text has what can be garbled.</summary>
    public static bool IsFit(string text) => text.Count(sign => sign > 0x7F) >= FewestSigns;

    public static IEnumerable<PlantedDocument> Of(List<PlantedDocument> texts, Dice dice) => texts.Select((text, i) =>
    {
        var wrong = dice.One(Wrong);
        var garbled = Garbled(text.Text, wrong);
        return text with { Text = i % 4 == 0 ? Garbled(garbled, wrong) : garbled, Expected = text.Text };
    });

    private static string Garbled(string text, Encoding wrong) => wrong.GetString(Encoding.UTF8.GetBytes(text));
}
