using Coppice.Corpus.Edits;
using Coppice.Corpus.Privacy;
using Coppice.Corpus.Quality;
using Coppice.Corpus.Unicode;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class GoodTextTests(ITestOutputHelper output)
{
    // The shares that must survive. Plays have more punctuation than datatrove's share of tokens with letters allows; laws are lists of short paragraphs.
    [SharedDataTheory("data/text")]
    [InlineData("books.jsonl.gz", "gopher-quality", 0.75)]
    [InlineData("books.jsonl.gz", "gopher-repetition", 0.9)]
    [InlineData("books.jsonl.gz", "c4", 0.9)]
    [InlineData("books.jsonl.gz", "fineweb-quality", 0.8)]
    [InlineData("books.jsonl.gz", "nemo-heuristics", 0.95)]
    [InlineData("dc-law.jsonl.gz", "gopher-quality", 0.6)]
    [InlineData("dc-law.jsonl.gz", "gopher-repetition", 0.5)]
    [InlineData("dc-law.jsonl.gz", "fineweb-quality", 0.6)]
    [InlineData("dc-law.jsonl.gz", "nemo-heuristics", 0.8)]
    public void Good_documents_mostly_survive(string file, string name, double share)
    {
        var documents = new CorpusPipeline([new CorpusInput(SharedData.At($"data/text/{file}"))]).Run(new CorpusReport()).Take(200).ToList();
        var step = ((IDocumentStep)QualitySteps.All.Single(definition => definition.Name == name).Create(StepOptions.None(name))).Begin();
        var results = documents.ConvertAll(document => step(document));
        var kept = results.Count(result => result.Document is not null);
        output.WriteLine($"{file} {name}: kept {kept} of {documents.Count}");
        foreach (var reason in results.GroupBy(result => result.Reason).Where(group => group.Key is not null)) output.WriteLine($"  {reason.Key}: {reason.Count()}");
        Assert.True(kept >= share * documents.Count, $"kept {kept} of {documents.Count}");
    }

    [Fact]
    public void Every_step_can_be_described_and_has_a_name_of_its_own()
    {
        StepDefinition[] all = [.. QualitySteps.All, .. PrivacySteps.All, .. UnicodeSteps.All, .. EditSteps.All];
        Assert.Equal(all.Length, all.Select(definition => definition.Name).Distinct().Count());
        foreach (var definition in all)
        {
            Assert.NotEmpty(definition.Describe().Options);
            if (definition.Name != "fineweb-2") Assert.Equal(definition.Name, ((IDocumentStep)definition.Create(StepOptions.None(definition.Name))).Name);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n\n")]
    [InlineData("\0\uD800\uDC00\uDC00")]
    public void No_step_fails_on_texts_without_words(string text)
    {
        foreach (var definition in QualitySteps.All.Concat(PrivacySteps.All).Concat(UnicodeSteps.All).Concat(EditSteps.All).Where(definition => definition.Name != "fineweb-2"))
        {
            _ = Filtering.Run((IDocumentStep)definition.Create(StepOptions.None(definition.Name)), text);
        }
    }
}
