using Coppice.Testing;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>Short texts in all languages but English, and English texts that quote a sentence of one.</summary>
internal static class OtherLanguages
{
    public const string Kind = "other language", Quoting = "English with a quotation";

    private const int Sentences = 5, TextsOfALanguage = 4;

    public static IEnumerable<PlantedDocument> Texts(Dice dice)
    {
        foreach (var (language, sentences) in HeldOut().Where(entry => entry.Key != "en").OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var shuffled = dice.Shuffled(sentences);
            for (var i = 0; i < TextsOfALanguage && (i + 1) * Sentences <= shuffled.Length; i++)
            {
                yield return new PlantedDocument($"language/{language}-{i}", language, Kind, string.Join(' ', shuffled, i * Sentences, Sentences)) { IsJunk = true };
            }
        }
    }

    public static IEnumerable<PlantedDocument> Quotations(List<PlantedDocument> texts, Dice dice)
    {
        var sentences = dice.Shuffled(HeldOut().Where(entry => entry.Key != "en").SelectMany(entry => entry.Value));
        return texts.Select((text, i) => Insertion.AfterALine(text with { Kind = Quoting }, sentences[i], dice));
    }

    // The model that comes with the program has not seen these (experiments/languages.cs).
    private static Dictionary<string, List<string>> HeldOut() =>
        new CorpusPipeline([new CorpusInput(SharedData.At("data/text/languages.jsonl.gz"))]).Run(new CorpusReport())
            .Where(sentence => ContentHash.Of(sentence.Text) % 10 == 0)
            .GroupBy(sentence => sentence.Language!, sentence => sentence.Text)
            .ToDictionary(group => group.Key, group => group.ToList());
}
