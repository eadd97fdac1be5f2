using System.IO.Compression;
using System.Text;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Readers;

/// <summary>Files that were made, or damaged, so as to hang a reader, crash it or exhaust its memory.</summary>
public sealed class HostileInputTests
{
    public static TheoryData<string> Formats => [.. DocumentReaders.All.Select(reader => reader.Format)];

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("jsonl", "{\"text\":\"")]
    [InlineData("csv", "text\n\"")]
    [InlineData("mbox", "From a Sat Jan  3 01:05:34 1996\n\n")]
    [InlineData("warc", "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 2000000000\r\n\r\n")]
    [InlineData("html", "<p>")]
    [InlineData("text", "")]
    [InlineData("code", "")]
    public void A_line_of_two_gigabytes_takes_no_more_memory_than_the_limit(string format, string beginning)
    {
        var content = new RepeatedStream(Encoding.UTF8.GetBytes(beginning), "aaaaaaa bbbbbbb "u8.ToArray(), 2_000_000_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var report = new CorpusReport();
        var file = new SourceFile(content, "f.cs", "f.cs", "source", SourceIsFixed: false, new ReaderOptions { MaximumDocumentBytes = 1 << 20 }, report);
        Assert.Empty(DocumentReaders.Get(format).Read(file));
        Assert.Equal(1, report.Dropped[DropReasons.TooLarge].Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Random_bytes_and_endings_are_survived_by_every_reader(string format)
    {
        byte[][] beginnings = [[], [.. "\"a\",text\n\"x"u8], [.. "WARC/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n"u8], [.. "From a 01:02 1996\nContent-Type: multipart/mixed; boundary=\"\"\n\n--"u8], [.. "<html><![CDATA[ <"u8], [0xFF, 0xFE, 0x00], [0xEF, 0xBB]];
        var state = 1u;
        foreach (var beginning in beginnings)
        {
            for (var length = 0; length < 3000; length = (length * 2) + 1)
            {
                var bytes = new byte[beginning.Length + length];
                beginning.CopyTo(bytes, 0);
                for (var index = beginning.Length; index < bytes.Length; index++)
                {
                    state = (state * 1664525) + 1013904223;
                    bytes[index] = (byte)(state >> 24);
                }

                Reading.Read(DocumentReaders.Get(format), bytes);
            }
        }
    }

    [Fact]
    public void A_small_file_that_decompresses_without_end_is_dropped_and_its_ratio_reported()
    {
        using var folder = new TemporaryFolder();
        using (var stream = new GZipStream(File.Create(folder.At("a.html.gz")), CompressionLevel.SmallestSize))
        {
            var zeros = new byte[1 << 20];
            zeros.AsSpan().Fill((byte)' ');
            for (var index = 0; index < 64; index++) stream.Write(zeros);
        }

        var (documents, report) = Reading.Read(folder.At("a.html.gz"), new ReaderOptions { MaximumDocumentBytes = 8 << 20 });
        Assert.Empty(documents);
        Assert.Equal(1, report.Dropped[DropReasons.TooLarge].Count);
        Assert.EndsWith(":1", Assert.Single(report.Problems[DropReasons.SuspiciousCompression].Examples), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_vanishes_between_listing_and_reading_is_skipped()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/a.html", "<p>a");
        folder.Write("in/b.html", "<p>b");
        folder.Write("in/c.html", "<p>c");
        var report = new CorpusReport();
        List<string> texts = [];
        foreach (var document in new CorpusInput(folder.At("in")).Read(new ReaderOptions(), report))
        {
            File.Delete(folder.At("in/b.html"));
            texts.Add(document.Text);
        }

        Assert.Equal(["<p>a", "<p>c"], texts);
        Assert.Equal(1, report.SkippedFiles[DropReasons.Unreadable].Count);
    }
}
