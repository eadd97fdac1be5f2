using Coppice.Corpus.Quality;
using Coppice.Foundation;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class FineWebTwoTests(ITestOutputHelper output)
{
    private static readonly LanguageThresholds German = new()
    {
        Documents = 100, MinMeanWordLength = 0, MaxMeanWordLength = 15, MinAlphabeticWords = 0.774, StopWords = ["der", "und", "die"], MaxDuplicateLines = 0.263,
        MaxTopNgrams = [0.169, 0.153, 0.137], MaxDuplicateNgrams = [0.141, 0.134, 0.126, 0.117, 0.108, 0.098], MinPunctuatedLines = 0, MaxNewlinesPerWord = 0.152,
    };

    private static FineWebTwoThresholds Only(LanguageThresholds thresholds) => new(new Dictionary<string, LanguageThresholds> { ["de"] = thresholds });

    private static StepResult Run(LanguageThresholds thresholds, string text, string? language = "de", bool dropOthers = false) =>
        Filtering.Run(new FineWebTwo(Only(thresholds), dropOthers), text, language);

    [Fact]
    public void A_document_is_judged_by_the_thresholds_of_its_language()
    {
        var text = Filtering.Words(60, 12) + " der und";
        Assert.NotNull(Run(German, text).Document);
        Assert.Equal("mean word length too high", Run(German with { MaxMeanWordLength = 11 }, text).Reason);
        Assert.Equal("stop words too low", Run(German with { StopWords = ["the", "of"] }, text).Reason);
        Assert.Equal("line ends a word too high", Run(German, text + new string('\n', 10)).Reason);
        Assert.Equal("share of repeated 5-grams too high", Run(German, text + " " + text).Reason);
    }

    [Fact]
    public void Other_languages_are_kept_or_dropped_as_asked()
    {
        Assert.NotNull(Run(German, "x", "fr").Document);
        Assert.NotNull(Run(German, "x", null).Document);
        Assert.Equal("language without thresholds", Run(German, "x", "fr", dropOthers: true).Reason);
    }

    [Fact]
    public void Thresholds_come_back_from_their_file()
    {
        using var folder = new TemporaryFolder();
        Only(German).Save(folder.At("t.json"));
        var again = FineWebTwoThresholds.Load(folder.At("t.json"));
        again.Save(folder.At("u.json"));
        Assert.Equal(File.ReadAllText(folder.At("t.json")), File.ReadAllText(folder.At("u.json")));
        Assert.Equal(0.263, again.Languages["de"].MaxDuplicateLines);
        Assert.Contains("is no file of thresholds", Assert.Throws<CoppiceException>(() => FineWebTwoThresholds.Load(folder.Write("v.json", "{\"languages\": {\"de\": {}}}"))).Message);
        Assert.Contains("has no thresholds", Assert.Throws<CoppiceException>(() => FineWebTwoThresholds.Load(folder.Write("w.json", "{\"languages\": {}}"))).Message);
        Assert.Contains("can't be read", Assert.Throws<CoppiceException>(() => FineWebTwoThresholds.Load(folder.At("missing.json"))).Message);
    }

    [Fact]
    public void A_threshold_is_where_it_cuts_off_the_tail()
    {
        // Document i has words of i letters, for i from 1 to 100.
        var documents = Enumerable.Range(1, 100).Select(i => new Document($"{i}", Filtering.Words(10, i) + ".", "test") { Language = "xx" });
        var learned = FineWebTwoCalibration.Learn(documents, new FineWebTwoCalibrationOptions { Tail = 0.05 }).Languages["xx"];
        Assert.Equal(100, learned.Documents);
        Assert.Equal(6, learned.MinMeanWordLength);
        Assert.Equal(95, learned.MaxMeanWordLength);
        Assert.Equal(1, learned.MinPunctuatedLines);
        Assert.Equal(0, learned.MaxNewlinesPerWord);
    }

    [Fact]
    public void Without_a_tail_languages_lose_what_the_reference_loses_by_the_usual_thresholds()
    {
        // 10 of 100 English documents have words of over 10 letters; of the other language's, all but the 10 longest pass.
        var english = Enumerable.Range(0, 100).Select(i => new Document($"{i}", Filtering.Words(10, i < 90 ? 5 : 12), "test") { Language = "en" });
        var other = Enumerable.Range(1, 100).Select(i => new Document($"{i}", Filtering.Words(10, 20 + i), "test") { Language = "xx" });
        var learned = FineWebTwoCalibration.Learn(english.Concat(other), new FineWebTwoCalibrationOptions { Tail = null });
        Assert.Equal(110, learned.Languages["xx"].MaxMeanWordLength);
        Assert.Throws<CoppiceException>(() => FineWebTwoCalibration.Learn(other, new FineWebTwoCalibrationOptions { Tail = null }));
    }

    [Fact]
    public void Stop_words_are_the_words_of_8_in_1000_or_the_most_frequent_ones()
    {
        var text = string.Join(' ', Enumerable.Repeat("le", 50).Concat(Enumerable.Repeat("la", 8)).Append(Filtering.Words(942)));
        var documents = Enumerable.Range(0, 20).Select(i => new Document($"{i}", text, "test") { Language = "fr" }).ToList();
        Assert.Equal(["le", "la"], FineWebTwoCalibration.Learn(documents, new FineWebTwoCalibrationOptions { MinStopWords = 0 }).Languages["fr"].StopWords);
        Assert.Equal(8, FineWebTwoCalibration.Learn(documents).Languages["fr"].StopWords.Count);
        Assert.Throws<CoppiceException>(() => FineWebTwoCalibration.Learn(documents.Take(19)));
    }

    [SharedDataFact("data/text/german-law.jsonl.gz")]
    public void Thresholds_of_a_corpus_keep_most_of_it()
    {
        var documents = new CorpusPipeline([new CorpusInput(SharedData.At("data/text/german-law.jsonl.gz"))]).Run(new CorpusReport())
            .Select(document => document with { Language = "de" }).ToList();
        var learned = FineWebTwoCalibration.Learn(documents);
        var step = new FineWebTwo(learned).Begin();
        var kept = documents.Count(document => step(document).Document is not null);
        output.WriteLine($"kept {kept} of {documents.Count}; stop words {string.Join(' ', learned.Languages["de"].StopWords)}");
        Assert.InRange(kept, documents.Count * 0.6, documents.Count);
        Assert.Contains("der", learned.Languages["de"].StopWords);
    }
}
