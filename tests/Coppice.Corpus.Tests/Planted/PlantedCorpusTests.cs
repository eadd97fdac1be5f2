using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>
/// A corpus with a known number of each kind of junk in it is built as a user builds one, and what became of each document is compared with what should have. The table of
/// precision and recall is the test's output.
/// </summary>
[Trait("Category", "Slow")]
public sealed class PlantedCorpusTests(ITestOutputHelper output)
{
    private const double Precision = 0.95, Recall = 0.9;

    private static readonly string[] Quality = ["prox", "gopher-quality", "gopher-repetition"];

    [SharedDataFact("data/eval/blimp.jsonl.gz")]
    public void A_planted_corpus_is_cleaned_of_each_kind_of_junk_and_of_little_else()
    {
        using var folder = new TemporaryFolder();
        var planted = new PlantedCorpus(seed: 1);
        planted.Build(folder);
        var scores = new Scorecard(planted.Documents, new Outcome(folder.At("corpus")));

        Score[] promised =
        [
            scores.Dropped(OtherLanguages.Kind, "language"),
            .. PlantedCorpus.Edits.Where(percent => percent <= 10).Select(scores.NearDuplicate),
            scores.Masked(),
            scores.Dropped(Contamination.Kind, "decontaminate"),
        ];
        (Score Score, double Precision, double Recall)[] others =
        [
            .. PlantedCorpus.Edits.Where(percent => percent > 10).Select(percent => (scores.NearDuplicate(percent), Precision, 0.0)),
            .. PersonalThings.Names.Select(name => (scores.Masked(name), Precision, 0.85)),
            (scores.Dropped(Boilerplate.Pages, Quality), 0.9, 0.95),
            (scores.LinesRemoved(), 0.9, 0.8),
            (scores.Dropped(LoremIpsum.Kind, ["language", .. Quality]), 0.9, 0.95),
            (scores.Dropped(KeywordSpam.Kind, ["language", .. Quality]), 0.9, 0.9),
            (scores.Repaired(), Precision, 0.95),
        ];
        string[] lines = [Scorecard.Heading, .. promised.Select(score => $"{score}"), "", .. others.Select(entry => $"{entry.Score}"), "", .. scores.Kept(), "", .. scores.Misses()];
        foreach (var line in lines) output.WriteLine(line);

        Assert.All(promised, score => Assert.True(score.Precision >= Precision && score.Recall >= Recall, $"{score}"));
        Assert.All(others, entry => Assert.True(entry.Score.Precision >= entry.Precision && entry.Score.Recall >= entry.Recall, $"{entry.Score}"));
        Assert.True(scores.ShareKept(CleanTexts.Books) >= 0.98 && scores.ShareKept(CleanTexts.Law) >= 0.9, "clean documents were dropped");
    }
}
