using System.Text.Json;
using Coppice.Corpus.Building;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>
/// Clean books and law with a known number of each kind of junk among them. One recipe of steps that come with the program cleans all of it; what its steps are told beyond
/// their defaults stands in <see cref="Recipe"/> with the reason.
/// </summary>
internal sealed class PlantedCorpus
{
    /// <summary>How many of 100 words differ in a near duplicate.</summary>
    public static readonly int[] Edits = [1, 2, 5, 10, 20, 30];

    private const int Untouched = 250, CopiesOfARate = 100, Quotations = 60, Garbled = 120, WithLines = 100, WithThings = 160, WithLookAlikes = 80, WithItems = 140, ItemLists = 20, WithPhrases = 80;
    private const int BoilerplatePages = 90, LoremTexts = 90, SpamTexts = 90;

    private readonly Contamination _contamination;

    public PlantedCorpus(int seed)
    {
        var dice = new Dice(seed);
        var clean = new CleanTexts(dice);
        _contamination = new Contamination(dice);

        // Garbled texts first: they must have what can be garbled.
        var garbled = GarbledTexts.Of(clean.Take(Garbled, GarbledTexts.Kind, GarbledTexts.IsFit), dice).ToList();
        var untouched = clean.Take(Untouched);
        string[] words = [.. untouched.SelectMany(text => text.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))];
        Documents =
        [
            .. dice.Shuffled([
                .. garbled,
                .. untouched,
                .. Edits.SelectMany(percent => NearDuplicates.Of(clean.Take(CopiesOfARate), percent, words, dice)),
                .. OtherLanguages.Texts(dice),
                .. OtherLanguages.Quotations(clean.Take(Quotations), dice),
                .. PersonalThings.In(clean.Take(WithThings, PersonalThings.Kind), dice),
                .. LookAlikes.In(clean.Take(WithLookAlikes), dice),
                .. _contamination.In(clean.Take(WithItems, Contamination.Kind), ItemLists, dice),
                .. _contamination.PhrasesIn(clean.Take(WithPhrases), dice),
                .. Boilerplate.PagesOf(BoilerplatePages, dice),
                .. Boilerplate.LinesAround(clean.Take(WithLines), dice),
                .. LoremIpsum.Texts(LoremTexts, dice),
                .. KeywordSpam.Texts(SpamTexts, dice),
            ]),
        ];
    }

    /// <summary>All documents, in the order in which they are in the corpus.</summary>
    public IReadOnlyList<PlantedDocument> Documents { get; }

    /// <summary>Writes the documents and builds a corpus of them.</summary>
    public BuildResult Build(TemporaryFolder folder)
    {
        using (var lines = File.CreateText(folder.At("planted.jsonl")))
        {
            foreach (var document in Documents) lines.WriteLine(JsonSerializer.Serialize(new { id = document.Id, source = document.Source, text = document.Text }));
        }

        var sentences = folder.Write("sentences.txt", string.Join('\n', _contamination.Sentences));
        return new CorpusBuild(new CorpusBuildOptions { Inputs = [new CorpusInput(folder.At("planted.jsonl"))], Output = folder.At("corpus"), Recipe = Recipe(sentences) }).Run();
    }

    private static CurationRecipe Recipe(string sentences) => CurationRecipe.Of("planted",
    [
        NamedStep.Of("unicode-repair"),
        NamedStep.Of("language", ("languages", "en")),
        new NamedStep("decontaminate", new Dictionary<string, IReadOnlyList<string>> { ["files"] = [Contamination.MinimalPairs, sentences] }),
        NamedStep.Of("prox"),
        // Novels and law have much punctuation, which the default counts as words without a letter.
        NamedStep.Of("gopher-quality", ("variant", "dclm")),
        // Law says the same phrases over and over: longer runs of words than a phrase are counted, and no shorter ones.
        new NamedStep("gopher-repetition", new Dictionary<string, IReadOnlyList<string>> { ["max_duplicate_ngrams"] = [] }),
        NamedStep.Of("exact-documents"),
        NamedStep.Of("minhash"),
        NamedStep.Of("pii-mask"),
    ]);
}
