using System.IO.Compression;
using System.Text;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

public sealed class DataFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_lines_csv_and_tsv_give_the_same_examples()
    {
        var json = LabelledText.Read(_folder.Write("a.jsonl", "{\"text\": \"one, \\\"two\\\"\", \"label\": \"x\"}\n\n{\"text\": \"thrée\", \"label\": 1}\n"));
        var csv = LabelledText.Read(_folder.Write("a.csv", "label,text\r\nx,\"one, \"\"two\"\"\"\r\n\r\n1,thrée\r\n"));
        var tsv = LabelledText.Read(_folder.Write("a.tsv", "text\tlabel\n\"one, \"\"two\"\"\"\tx\nthrée\t1"));
        Assert.Equal([("one, \"two\"", "x"), ("thrée", "1")], json.Select(Content));
        Assert.Equal(json.Select(Content), csv.Select(Content));
        Assert.Equal(json.Select(Content), tsv.Select(Content));
        Assert.EndsWith("a.jsonl, line 3", json[1].Where, StringComparison.Ordinal);
        Assert.EndsWith("a.csv, line 4", csv[1].Where, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quoted_field_holds_separators_and_line_ends_and_later_lines_keep_their_numbers()
    {
        var texts = LabelledText.Read(_folder.Write("a.csv", "text,label\n\"two\nlines, one field\",a\nlast,b\n"));
        Assert.Equal("two\nlines, one field", texts[0].Text);
        Assert.EndsWith("line 2", texts[0].Where, StringComparison.Ordinal);
        Assert.EndsWith("line 4", texts[1].Where, StringComparison.Ordinal);
    }

    [Fact]
    public void Gzip_and_a_byte_order_mark_are_read()
    {
        var path = _folder.At("a.jsonl.gz");
        using (var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest)) gzip.Write([0xEF, 0xBB, 0xBF, .. "{\"text\":\"t\",\"label\":\"l\"}"u8]);
        Assert.Equal(("t", "l"), Content(Assert.Single(LabelledText.Read(path))));
    }

    [Fact]
    public void Pairs_come_from_the_fields_that_are_named()
    {
        var path = _folder.Write("a.tsv", "premise\thypothesis\tgold\nrain\twet\tyes\n");
        var text = Assert.Single(LabelledText.Read(path, new LabelledFields { Text = "premise", Pair = "hypothesis", Label = "gold" }));
        Assert.Equal(("rain", "wet", "yes"), (text.Text, text.Pair, text.Label));
    }

    [Theory]
    [InlineData("a.jsonl", "", "a.jsonl: holds no example")]
    [InlineData("a.csv", "text,label\n", "a.csv: holds no example")]
    [InlineData("a.jsonl", "{\"text\": \"t\", \"label\": \"l\"}\n{\"text\": \"t\"}\n", "a.jsonl, line 2: has no field 'label' (it has: text)")]
    [InlineData("a.jsonl", "{\"txt\": \"t\", \"label\": \"l\"}\n", "line 1: has no field 'text'; did you mean 'txt'?")]
    [InlineData("a.jsonl", "{\"text\": \"\", \"label\": \"l\"}\n", "line 1: 'text' is empty")]
    [InlineData("a.jsonl", "{\"text\": [], \"label\": \"l\"}\n", "line 1: 'text' is to be a text or a number")]
    [InlineData("a.jsonl", "{\"text\": \"\\ud800\", \"label\": \"l\"}\n", "line 1: has an escape that is no character")]
    [InlineData("a.jsonl", "[1]\n", "line 1: is no JSON object")]
    [InlineData("a.jsonl", "\n{\"text\n", "line 2: is no JSON object")]
    [InlineData("a.csv", "text,label\na,b,c\n", "line 2: has 3 fields, and there are 2 columns")]
    [InlineData("a.csv", "text,text\na,b\n", "line 1: two columns have the same name")]
    [InlineData("a.csv", "text,label\na,l\n\"never closed,l\nb,l\n", "line 3: a quotation mark is not closed")]
    [InlineData("a.tsv", "text\tlabel\n\"Oh\" he said\tl\n", "line 2: text follows a closing quotation mark")]
    [InlineData("a.json", "[]", "write it as .jsonl")]
    [InlineData("a.parquet", "PAR1", "says no format")]
    public void What_can_not_be_read_is_named_with_file_and_line(string name, string content, string message)
    {
        var path = _folder.Write(name, content);
        Assert.Contains(message, Assert.Throws<CoppiceException>(() => LabelledText.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_and_files_that_are_not_there_are_errors_of_one_line()
    {
        var path = _folder.At("a.jsonl");
        File.WriteAllBytes(path, [.. "{\"text\": \""u8, 0xFF, .. "\", \"label\": \"l\"}"u8]);
        Assert.Contains("not valid UTF-8", Assert.Throws<CoppiceException>(() => LabelledText.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("can't be read", Assert.Throws<CoppiceException>(() => LabelledText.Read(_folder.At("none.csv"))).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder.At("a.csv.gz"), "no gzip", Encoding.UTF8);
        Assert.Contains("can't be read", Assert.Throws<CoppiceException>(() => LabelledText.Read(_folder.At("a.csv.gz"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_of_a_regression_are_finite_and_invariant()
    {
        Assert.Equal(-1.5f, new LabelledText("t", null, "-1.5", "here").Number());
        foreach (var label in new[] { "1,5", "NaN", "1e99", "high" })
            Assert.StartsWith("here: ", Assert.Throws<CoppiceException>(() => new LabelledText("t", null, label, "here").Number()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Preferences_need_two_different_answers_and_judgements_a_truth_value()
    {
        var pair = Assert.Single(PreferencePair.Read(_folder.Write("p.jsonl", "{\"prompt\": \"p\", \"chosen\": \"c\", \"rejected\": \"r\"}")));
        Assert.Equal(("p", "c", "r"), (pair.Prompt, pair.Chosen, pair.Rejected));
        var same = _folder.Write("same.csv", "prompt,chosen,rejected\np,c,c\n");
        Assert.Contains("line 2: 'chosen' and 'rejected' are the same", Assert.Throws<CoppiceException>(() => PreferencePair.Read(same)).Message, StringComparison.Ordinal);
        var judged = JudgedAnswer.Read(_folder.Write("j.jsonl", "{\"prompt\": \"p\", \"completion\": \"a\", \"label\": true}\n{\"prompt\": \"p\", \"completion\": \"b\", \"label\": 0}"));
        Assert.Equal([true, false], judged.Select(answer => answer.Desirable));
        var odd = _folder.Write("odd.csv", "prompt,completion,label\np,a,good\n");
        Assert.Contains("'label' is 'good'", Assert.Throws<CoppiceException>(() => JudgedAnswer.Read(odd)).Message, StringComparison.Ordinal);
    }

    private static (string Text, string Label) Content(LabelledText text) => (text.Text, text.Label);
}
