using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class CuratedCorpusTests
{
    [Fact]
    public void What_is_written_is_read_back_with_a_manifest()
    {
        using var folder = new TemporaryFolder();
        var documents = Some(200);
        var manifest = CorpusWriter.Write(folder.At("c"), documents, CorpusSplit.ByDocument(0.2), new CorpusReport());
        var corpus = CuratedCorpus.Open(folder.At("c"));
        Assert.Equal(documents, corpus.Train().Concat(corpus.Validation()).OrderBy(document => int.Parse(document.Id, null)));
        Assert.Equal(200, manifest.Train.Documents + manifest.Validation!.Documents);
        Assert.Equal(corpus.Train().Count(), corpus.Manifest.Train.Documents);
        Assert.Equal(manifest.Train.Fingerprint, corpus.Manifest.Train.Fingerprint);
        Assert.Equal(2, corpus.Manifest.Train.Sources.Count);
        Assert.Equal(corpus.Manifest.Train.Bytes, corpus.Manifest.Train.Sources.Values.Sum(source => source.Bytes));
    }

    [Fact]
    public void The_report_of_the_pass_goes_into_the_manifest()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"a\"}\nbad\n{\"text\":\"b\"}");
        folder.Write("in/b.png", "x");
        var report = new CorpusReport();
        var pipeline = new CorpusPipeline([new CorpusInput(folder.At("in"))]);
        CorpusWriter.Write(folder.At("out"), pipeline.Run(report), CorpusSplit.None, report);
        var manifest = CuratedCorpus.Open(folder.At("out")).Manifest;
        Assert.Null(manifest.Validation);
        Assert.Equal((1, 3, 2), (manifest.FilesRead, manifest.DocumentsRead, manifest.Train.Documents));
        Assert.Equal(1, manifest.Dropped["exact duplicate"]);
        Assert.Equal(1, manifest.Dropped[DropReasons.BadJson]);
        Assert.Equal(1, manifest.SkippedFiles.Values.Sum());
        Assert.Empty(CuratedCorpus.Open(folder.At("out")).Validation());
    }

    [Fact]
    public void Writing_again_replaces_all_of_the_earlier_corpus()
    {
        using var folder = new TemporaryFolder();
        CorpusWriter.Write(folder.Root, Some(200), CorpusSplit.ByDocument(0.2), new CorpusReport());
        CorpusWriter.Write(folder.Root, Some(10), CorpusSplit.None, new CorpusReport());
        Assert.Equal(10, CuratedCorpus.Open(folder.Root).Train().Count());
        Assert.Equal([CuratedCorpus.ManifestFile, CuratedCorpus.DocumentsFile], Directory.GetFiles(folder.Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_error_half_way_leaves_the_earlier_corpus_whole()
    {
        using var folder = new TemporaryFolder();
        CorpusWriter.Write(folder.Root, Some(200), CorpusSplit.ByDocument(0.2), new CorpusReport());
        IEnumerable<Document> Failing()
        {
            yield return new Document("1", "a", "x");
            throw new CoppiceException("the source broke");
        }

        foreach (var split in new[] { CorpusSplit.None, CorpusSplit.ByDocument(0.5) })
        {
            Assert.Throws<CoppiceException>(() => CorpusWriter.Write(folder.Root, Failing(), split, new CorpusReport()));
            Assert.Equal(200, CuratedCorpus.Open(folder.Root).Train().Concat(CuratedCorpus.Open(folder.Root).Validation()).Count());
            Assert.Equal(3, Directory.GetFiles(folder.Root).Length);
        }
    }

    [Fact]
    public void A_split_with_an_empty_side_is_refused()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<CoppiceException>(() => CorpusWriter.Write(folder.Root, Some(1), CorpusSplit.ByDocument(0.5), new CorpusReport()));
        Assert.Contains("1 document(s) for training and 0 for validation", error.Message.Replace("0 document(s) for training and 1", "1 document(s) for training and 0", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_corpus_given_as_input_is_read_without_its_validation_documents()
    {
        using var folder = new TemporaryFolder();
        CorpusWriter.Write(folder.Root, Some(200), CorpusSplit.ByDocument(0.2), new CorpusReport());
        Assert.Equal(CuratedCorpus.Open(folder.Root).Train(), ReaderTests.Read(folder.Root).Documents);
    }

    [Fact]
    public void Damaged_corpora_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        CorpusWriter.Write(folder.Root, Some(200), CorpusSplit.ByDocument(0.2), new CorpusReport());
        foreach (var file in new[] { CuratedCorpus.ValidationFile, CuratedCorpus.DocumentsFile })
        {
            var good = File.ReadAllBytes(folder.At(file));
            File.WriteAllBytes(folder.At(file), good[..^5]);
            Assert.Contains(file, Assert.Throws<CoppiceException>(() => CuratedCorpus.Open(folder.Root)).Message, StringComparison.Ordinal);
            File.WriteAllBytes(folder.At(file), good);
        }

        foreach (var manifest in new[] { "", "null", "{", "{}", "{\"version\": 99}", "[]", "{\"version\":1,\"train\":null,\"split\":\"none\",\"dropped\":{},\"skipped_files\":{},\"problems\":{}}" })
        {
            File.WriteAllText(folder.At(CuratedCorpus.ManifestFile), manifest);
            Assert.Contains(CuratedCorpus.ManifestFile, Assert.Throws<CoppiceException>(() => CuratedCorpus.Open(folder.Root)).Message, StringComparison.Ordinal);
        }

        File.Delete(folder.At(CuratedCorpus.ManifestFile));
        Assert.Contains(folder.Root, Assert.Throws<CoppiceException>(() => CuratedCorpus.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    private static List<Document> Some(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Document($"{i}", $"text \"{i}\"\n<ü>", $"source {i % 2}") { Date = i % 3 == 0 ? "2020" : null, Licence = "CC0" })];
}
