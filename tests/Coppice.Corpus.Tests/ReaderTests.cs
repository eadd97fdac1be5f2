using System.IO.Compression;
using System.Text;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class ReaderTests
{
    [Fact]
    public void Plain_text_is_one_document_as_it_stands()
    {
        using var folder = new TemporaryFolder();
        var (documents, _) = Read(folder.Write("a.txt", "\n  two lines \r\n\n"));
        Assert.Equal(new Document("a.txt", "\n  two lines \r\n\n", "a.txt"), Assert.Single(documents));
    }

    [Fact]
    public void Byte_order_marks_are_honoured_and_taken_off()
    {
        using var folder = new TemporaryFolder();
        foreach (var encoding in new[] { Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            File.WriteAllText(folder.At("a.txt"), "größe 😀", encoding);
            Assert.Equal("größe 😀", Assert.Single(Read(folder.At("a.txt")).Documents).Text);
        }
    }

    [Fact]
    public void Invalid_bytes_are_replaced_and_counted()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("a.txt"), [.. "ab"u8, 0xFF, .. "c"u8, 0xC3, .. "d"u8, 0xED, 0xA0, 0x80]);
        var (documents, report) = Read(folder.At("a.txt"));
        Assert.Equal("ab\uFFFDc\uFFFDd\uFFFD\uFFFD\uFFFD", Assert.Single(documents).Text);
        Assert.Equal(5, report.Problems[DropReasons.InvalidBytes].Count);
        Assert.Equal(folder.At("a.txt"), Assert.Single(report.Problems[DropReasons.InvalidBytes].Examples));
    }

    [Fact]
    public void A_long_text_with_many_invalid_bytes_is_counted_exactly()
    {
        using var folder = new TemporaryFolder();
        var bytes = Encoding.UTF8.GetBytes(new string('ä', 50_000));
        for (var i = 0; i < bytes.Length; i += 1000) bytes[i] = 0xFF;
        File.WriteAllBytes(folder.At("a.txt"), bytes);
        var (documents, report) = Read(folder.At("a.txt"));
        Assert.Equal(documents[0].Text.Count(character => character == '\uFFFD'), report.Problems[DropReasons.InvalidBytes].Count);
        Assert.Equal(200, report.Problems[DropReasons.InvalidBytes].Count);
    }

    [Fact]
    public void A_binary_file_is_dropped_with_a_reason()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("a.txt"), [1, 2, 0, 3]);
        var (documents, report) = Read(folder.At("a.txt"));
        Assert.Empty(documents);
        Assert.Equal(1, report.Dropped[DropReasons.Binary].Count);
    }

    [Fact]
    public void A_document_at_the_limit_is_kept_and_one_above_dropped_also_when_compressed()
    {
        using var folder = new TemporaryFolder();
        var options = new ReaderOptions { MaximumDocumentBytes = 100_000 };
        foreach (var name in new[] { "a.txt", "a.txt.gz", "a.jsonl", "a.jsonl.gz" })
        {
            foreach (var (length, kept) in new[] { (100_000, 1), (100_001, 0), (5_000_000, 0) })
            {
                var line = name.Contains("jsonl", StringComparison.Ordinal) ? $$"""{"text":"{{new string('x', length - 11)}}"}""" : new string('x', length);
                Write(folder.At(name), line + (name.Contains("jsonl", StringComparison.Ordinal) ? "\n{\"text\":\"next\"}" : ""));
                var (documents, report) = Read(folder.At(name), options);
                Assert.Equal(kept, documents.Count(document => document.Text != "next"));
                Assert.Equal(name.Contains("jsonl", StringComparison.Ordinal), documents.Any(document => document.Text == "next"));
                Assert.Equal(1 - kept, report.Dropped.GetValueOrDefault(DropReasons.TooLarge)?.Count ?? 0);
            }
        }
    }

    [Fact]
    public void Json_lines_give_their_fields()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.jsonl", """
            {"id": 7, "text": "one\nline", "source": "s", "title": "t", "url": "u", "date": "2020-01-02", "language": "de", "license": "MIT", "other": {"text": [1]}}

            {"text": "two", "id": null}
            """);
        var (documents, report) = Read(path);
        Assert.Equal(
            new Document("7", "one\nline", "s") { Title = "t", Url = "u", Date = "2020-01-02", Language = "de", Licence = "MIT" }, documents[0]);
        Assert.Equal(new Document("a.jsonl:3", "two", "a.jsonl"), documents[1]);
        Assert.Empty(report.Dropped);
        Assert.Equal("mine", new CorpusInput(path, "mine").Read(new ReaderOptions(), new CorpusReport()).First().Source);
    }

    [Fact]
    public void Bad_lines_are_counted_with_their_numbers()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(
            "a.jsonl",
            "{\"text\":\"good\"}\nnonsense\n[1]\n{\"text\":\"cut\n{\"text\":3}\n{\"other\":\"x\"}\n{\"text\":\"\\ud800\"}\n{\"text\":\"a\"} b\n\"x\"\n{\"text\":\"last\"}");
        var (documents, report) = Read(path);
        Assert.Equal(["good", "last"], documents.Select(document => document.Text));
        Assert.Equal(6, report.Dropped[DropReasons.BadJson].Count);
        Assert.Equal($"{path}, line 2", report.Dropped[DropReasons.BadJson].Examples[0]);
        Assert.Equal($"{path}, line 3", report.Dropped[DropReasons.BadJson].Examples[1]);
        Assert.Equal([$"{path}, line 5", $"{path}, line 6"], report.Dropped[$"{DropReasons.NoTextField} 'text'"].Examples);
    }

    [Fact]
    public void Invalid_bytes_inside_json_are_replaced_and_counted()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("a.jsonl"), [0xEF, 0xBB, 0xBF, .. "{\"text\":\"a"u8, 0xFF, .. "b\"}\r\n"u8]);
        var (documents, report) = Read(folder.At("a.jsonl"));
        Assert.Equal("a\uFFFDb", Assert.Single(documents).Text);
        Assert.Equal($"{folder.At("a.jsonl")}, line 1", Assert.Single(report.Problems[DropReasons.InvalidBytes].Examples));
    }

    [Fact]
    public void Another_text_field_can_be_chosen()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.jsonl", """{"content":"yes","text":"no"}""");
        Assert.Equal("yes", Assert.Single(Read(path, new ReaderOptions { TextField = "content" }).Documents).Text);
    }

    [Fact]
    public void A_cut_off_compressed_file_gives_what_came_before_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.jsonl.gz");
        var random = new Random(1);
        Write(path, string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"text\":\"{i} {random.NextInt64()}\"}}\n")));
        var whole = File.ReadAllBytes(path);
        Assert.Empty(Read(path).Report.Problems);
        foreach (var length in new[] { 200, whole.Length / 2, whole.Length - 9, whole.Length - 8, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            var (documents, report) = Read(path);
            Assert.Equal(Enumerable.Range(0, documents.Count), documents.Select(document => int.Parse(document.Text.Split(' ')[0], null)));
            Assert.Equal(1, report.Problems.Values.Sum(problem => problem.Count) + report.SkippedFiles.Values.Sum(file => file.Count));
            if (length == whole.Length / 2) Assert.InRange(documents.Count, 500, 1500);
        }
    }

    [Fact]
    public void A_compressed_file_of_several_members_is_read_to_its_end()
    {
        using var folder = new TemporaryFolder();
        Write(folder.At("1.gz"), "{\"text\":\"one\"}\n");
        Write(folder.At("2.gz"), "{\"text\":\"two\"}\n");
        File.WriteAllBytes(folder.At("a.jsonl.gz"), [.. File.ReadAllBytes(folder.At("1.gz")), .. File.ReadAllBytes(folder.At("2.gz"))]);
        var (documents, report) = Read(folder.At("a.jsonl.gz"));
        Assert.Equal(["one", "two"], documents.Select(document => document.Text));
        Assert.Empty(report.Problems);
    }

    [Fact]
    public void An_empty_compressed_file_is_empty()
    {
        using var folder = new TemporaryFolder();
        Write(folder.At("a.txt.gz"), "");
        var (documents, report) = Read(folder.At("a.txt.gz"));
        Assert.Equal("", Assert.Single(documents).Text);
        Assert.Empty(report.Problems);
    }

    [Fact]
    public void A_file_that_is_not_compressed_at_all_is_skipped()
    {
        using var folder = new TemporaryFolder();
        var (documents, report) = Read(folder.Write("a.jsonl.gz", "{\"text\":\"plain\"}"));
        Assert.Empty(documents);
        Assert.Equal(1, report.SkippedFiles[DropReasons.Unreadable].Count);
    }

    [Fact]
    public void Markdown_keeps_its_text_and_gets_its_title()
    {
        using var folder = new TemporaryFolder();
        var document = Assert.Single(Read(folder.Write("a.md", "\n# The title\n\nText *as it is*.\n")).Documents);
        Assert.Equal(("The title", "\n# The title\n\nText *as it is*.\n"), (document.Title, document.Text));
    }

    [Fact]
    public void Unknown_endings_are_read_when_named_and_skipped_with_a_reason_inside_a_folder()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("code.cs", "class A;");
        folder.Write("settings.json", "{\n  \"a\": 1\n}");
        folder.Write("other.xml", "<root/>");
        folder.Write("a.txt", "text");
        Assert.Equal("class A;", Assert.Single(Read(path).Documents).Text);
        Assert.Equal("class A;", Assert.Single(Read(folder.At("*.cs")).Documents).Text);
        var (documents, report) = Read(folder.Root);
        Assert.Equal("text", Assert.Single(documents).Text);
        Assert.Equal(
            [$"{DropReasons.UnknownFormat} '.cs'", $"{DropReasons.UnknownFormat} '.json'", $"{DropReasons.UnknownFormat} '.xml'"], report.SkippedFiles.Keys);
    }

    [Fact]
    public void A_format_can_be_forced_and_an_unknown_one_names_the_nearest()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.jsonl", "{\"text\":\"x\"}");
        Assert.Equal("{\"text\":\"x\"}", Assert.Single(Read(path, new ReaderOptions { Format = "text" }).Documents).Text);
        var error = Assert.Throws<CoppiceException>(() => Read(path, new ReaderOptions { Format = "jsonlines" }));
        Assert.Contains("jsonl", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_of_every_format_are_reported_and_never_thrown()
    {
        using var folder = new TemporaryFolder();
        var json = string.Concat(Enumerable.Range(0, 40).Select(i => $"{{\"id\":{i},\"text\":\"näm {i}\",\"x\":[{{}}]}}\n"));
        var xml = $"<doc><members>{string.Concat(Enumerable.Range(0, 40).Select(i => $"<member name=\"M:A.B{i}(System.Int32)\"><summary>Is <see cref=\"T:A.C`1\"/>.</summary><param name=\"x\"/></member>"))}</members></doc>";
        foreach (var (name, text) in new[] { ("a.jsonl", json), ("a.jsonl.gz", json), ("a.xml", xml), ("a.xml.gz", xml), ("a.txt.gz", json), ("a.md", json) })
        {
            Write(folder.At(name), text);
            var good = File.ReadAllBytes(folder.At(name));
            var random = new Random(3);
            for (var trial = 0; trial < 150; trial++)
            {
                var bytes = good[..random.Next(good.Length / 2, good.Length + 1)];
                for (var i = random.Next(0, 4); i > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                File.WriteAllBytes(folder.At(name), bytes);
                Assert.InRange(Read(folder.At(name)).Documents.Count, 0, 45);
            }
        }
    }

    internal static (List<Document> Documents, CorpusReport Report) Read(string path, ReaderOptions? options = null)
    {
        var report = new CorpusReport();
        return ([.. new CorpusInput(path).Read(options ?? new ReaderOptions(), report)], report);
    }

    internal static void Write(string path, string text)
    {
        using Stream file = File.Create(path);
        using var content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        content.Write(Encoding.UTF8.GetBytes(text));
    }
}
