using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests;

public class ClozeFactTests
{
    [Fact]
    public void Facts_come_back_as_they_were_written()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("facts.jsonl");
        ClozeFact[] facts =
        [
            new("Zoë \"Z\"", "Zoë lives in ", "Köln") { Id = "1", Kind = ClozeFact.Updated, Date = "2024-06", Obsolete = "Bonn", Candidates = ["Köln", "Bonn"] },
            new("b", "", "x"),
        ];
        ClozeFact.Write(path, facts);
        var read = ClozeFact.Read(path);
        Assert.Equal(facts[0].Candidates, read[0].Candidates);
        Assert.Equal(facts[0], read[0] with { Candidates = facts[0].Candidates });
        Assert.Equal(facts[1], read[1] with { Candidates = facts[1].Candidates });
        Assert.Equal([true, false], read.Select(fact => fact.IsToBeLearnt));
    }

    [Theory]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\"}", "line 2: has no text in 'answer'")]
    [InlineData("{\"subject\": \"s\", \"prompt\": 1, \"answer\": \"a\"}", "line 2: has no text in 'prompt'")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"\"}", "line 2: 'answer' is empty")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"date\": 2024}", "line 2: has no text in 'date'")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"candidates\": \"a\"}", "line 2: 'candidates' is no list of texts")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"candidates\": [\"a\", 1]}", "line 2: 'candidates' is no list of texts")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"candidates\": [\"\"]}", "line 2: one of the 'candidates' is empty")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"obsolete\": \"\"}", "line 2: 'obsolete' is empty")]
    [InlineData("{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"obsolete\": \"a\"}", "line 2: 'obsolete' is the answer itself")]
    [InlineData("{\"subject\": \"\\ud800\", \"prompt\": \"p\", \"answer\": \"a\"}", "line 2: is no JSON object")]
    [InlineData("nothing", "line 2: is no JSON object")]
    public void A_line_that_is_no_fact_is_refused_with_its_number(string line, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("facts.jsonl", "{\"subject\": \"s\", \"prompt\": \"p\", \"answer\": \"a\", \"obsolete\": null, \"candidates\": null}\n" + line + "\n");
        var error = Assert.Throws<CoppiceException>(() => ClozeFact.Read(path));
        Assert.StartsWith($"{path}, {message}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_facts_is_an_error()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("holds no fact", Assert.Throws<CoppiceException>(() => ClozeFact.Read(folder.Write("empty.jsonl", "\n\n"))).Message, StringComparison.Ordinal);
        Assert.Contains("can't be read", Assert.Throws<CoppiceException>(() => ClozeFact.Read(folder.At("missing.jsonl"))).Message, StringComparison.Ordinal);
    }
}
