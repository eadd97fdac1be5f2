using System.Buffers.Binary;
using System.Security.Cryptography;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class TokenStoreTests
{
    [Theory]
    [InlineData(260)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    public void What_is_written_is_read_back(int vocabularySize)
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new FakeTokenizer(256, 257, vocabularySize);
        using var store = TokenStoreWriter.Build(Some(500), tokenizer, folder.At("a.tokens"));
        using var expected = TokenStore.InMemory(Some(500), tokenizer);
        Assert.Equal(expected.TokenCount, store.TokenCount);
        Assert.Equal(500, store.DocumentCount);
        Assert.Equal(expected.ByteCount, store.ByteCount);
        Assert.Equal(vocabularySize, store.VocabularySize);
        Assert.Equal(tokenizer.Fingerprint, store.TokenizerFingerprint);
        Assert.Equal(expected.Sources, store.Sources);
        Assert.Equal((256, 257), (store.BeginOfText, store.EndOfText));
        Assert.Equal(All(expected), All(store));
        for (var position = 0L; position < store.TokenCount; position += 17)
        {
            var document = store.DocumentAt(position);
            Assert.InRange(position, store.DocumentStart(document), store.DocumentStart(document + 1) - 1);
        }

        var part = new int[5];
        store.Read(store.TokenCount - 5, part);
        Assert.Equal(All(expected)[^5..], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Read(store.TokenCount - 4, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Read(-1, part));
    }

    [Fact]
    public void The_bytes_do_not_depend_on_the_number_of_threads()
    {
        using var folder = new TemporaryFolder();

        // Some dozen chunks, of which the first and one in the middle take longest.
        Document[] slow = [new("slow", FakeTokenizer.SlowText, "slow")];
        var documents = slow.Concat(Some(10_000)).Concat(slow).Concat([new Document("large", new string('z', 1_500_000), "large")]).Concat(Some(5000)).ToList();
        foreach (var threads in new[] { 1, 2, 4 }) TokenStoreWriter.Build(documents, FakeTokenizer.Gpt2Like, folder.At($"{threads}"), threads).Dispose();
        Assert.Equal(File.ReadAllBytes(folder.At("1")), File.ReadAllBytes(folder.At("2")));
        Assert.Equal(File.ReadAllBytes(folder.At("1")), File.ReadAllBytes(folder.At("4")));
    }

    [Fact]
    public void A_single_token_for_begin_and_end_stands_before_each_document_and_closes_the_stream()
    {
        using var store = TokenStore.InMemory([new("1", "ab", "x"), new("2", "c", "x")], FakeTokenizer.Gpt2Like);
        Assert.Equal([256, 'a', 'b', 256, 'c', 256], All(store));
        Assert.Equal(3, store.DocumentStart(1));
        Assert.Equal(6, store.DocumentStart(2));
    }

    [Fact]
    public void No_text_is_an_error_and_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.tokens");
        Assert.Contains(path, Assert.Throws<CoppiceException>(() => TokenStoreWriter.Build([], FakeTokenizer.Gpt2Like, path)).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => TokenStoreWriter.Build([new("1", "", "x")], FakeTokenizer.Plain, path));
        Assert.Empty(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void An_error_half_way_leaves_the_old_file()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.tokens");
        TokenStoreWriter.Build(Some(5), FakeTokenizer.Gpt2Like, path).Dispose();
        var before = File.ReadAllBytes(path);
        IEnumerable<Document> Failing()
        {
            foreach (var document in Some(3000)) yield return document;
            throw new CoppiceException("the source broke");
        }

        Assert.Equal("the source broke", Assert.Throws<CoppiceException>(() => TokenStoreWriter.Build(Failing(), FakeTokenizer.Gpt2Like, path, 4)).Message);
        Assert.Equal(before, File.ReadAllBytes(path));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => TokenStoreWriter.Build(Some(3000), FakeTokenizer.Gpt2Like, path, 4, cancelled.Token));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_tokenizer_that_leaves_its_vocabulary_is_found_out()
    {
        using var folder = new TemporaryFolder();
        var broken = new FakeTokenizer(null, null, vocabularySize: 100);
        Assert.Throws<InvalidOperationException>(() => TokenStoreWriter.Build([new("1", "z", "x")], broken, folder.At("a.tokens"), 2));
        Assert.Throws<InvalidOperationException>(() => TokenStore.InMemory([new("1", "z", "x")], broken));
    }

    [Fact]
    public void A_file_cut_off_while_it_is_open_is_an_error_and_no_crash()
    {
        if (OperatingSystem.IsWindows()) return; // There an open file can't be cut off in the first place.
        using var folder = new TemporaryFolder();
        var path = folder.At("a.tokens");
        using var store = TokenStoreWriter.Build(Some(50), FakeTokenizer.LlamaLike, path);
        Truncate(path);
        Assert.Contains(path, Assert.Throws<CoppiceException>(() => All(store)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<CoppiceException>(() => TokenStore.Open("nowhere/a.tokens"));
        Assert.Contains("nowhere/a.tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_and_every_flipped_byte_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.tokens");
        TokenStoreWriter.Build(Some(5), FakeTokenizer.LlamaLike, path).Dispose();
        var good = File.ReadAllBytes(path);
        for (var i = 0; i < good.Length; i++)
        {
            File.WriteAllBytes(path, good[..i]);
            AssertRefused(path);
            var flipped = (byte[])good.Clone();
            flipped[i] ^= 0x41;
            File.WriteAllBytes(path, flipped);
            AssertRefused(path);
        }

        File.WriteAllBytes(path, [.. good, 0]);
        AssertRefused(path);
    }

    // A hostile file has right checksums and wrong numbers.
    [Theory]
    [InlineData(12, 4)]
    [InlineData(12, 0)]
    [InlineData(16, 0)]
    [InlineData(16, 100)]
    [InlineData(24, long.MaxValue)]
    [InlineData(24, -1)]
    [InlineData(24, 0)]
    [InlineData(32, long.MaxValue)]
    [InlineData(32, long.MaxValue / 20)]
    [InlineData(32, 0)]
    [InlineData(40, -1)]
    [InlineData(40, 1)]
    [InlineData(48, 5000)]
    [InlineData(52, -7)]
    [InlineData(56, int.MaxValue)]
    [InlineData(56, 0)]
    [InlineData(60, int.MaxValue)]
    [InlineData(60, -1)]
    public void Hostile_header_numbers_are_refused(int offset, long value)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.tokens");
        TokenStoreWriter.Build(Some(5), FakeTokenizer.LlamaLike, path).Dispose();
        var bytes = File.ReadAllBytes(path);
        if (offset is >= 16 and < 48) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(offset), value);
        else BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), (int)value);
        SHA256.HashData(bytes.AsSpan(0, 96), bytes.AsSpan(96));
        File.WriteAllBytes(path, bytes);
        AssertRefused(path);
    }

    [Fact]
    public void Hostile_content_with_right_checksums_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.tokens");
        using (var store = TokenStoreWriter.Build(Some(5), FakeTokenizer.LlamaLike, path))
        {
            var indexOffset = 128 + (int)((store.TokenCount * 2 + 7) / 8 * 8);
            Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(File.ReadAllBytes(path).AsSpan(indexOffset)));
            (int Offset, byte Value)[] attacks =
            [
                (129, 200), // a token id of 51,200 and more
                (indexOffset, 1), // the first document does not start at 0
                (indexOffset + 15, 127), // a start behind the end
                (indexOffset + 6 * 8 + 7, 255), // a negative text length
                (indexOffset + 6 * 8 + 5 * 8, 9), // an unknown source
                (indexOffset + 6 * 8 + 5 * 8 + 5 * 4 + 2, 1), // a name longer than the file
            ];
            var good = File.ReadAllBytes(path);
            foreach (var (offset, value) in attacks)
            {
                var bytes = (byte[])good.Clone();
                bytes[offset] = value;
                SHA256.HashData(bytes.AsSpan(128), bytes.AsSpan(64));
                SHA256.HashData(bytes.AsSpan(0, 96), bytes.AsSpan(96));
                var hostile = folder.At($"{offset}.tokens");
                File.WriteAllBytes(hostile, bytes);
                AssertRefused(hostile);
            }
        }
    }

    private static void AssertRefused(string path) =>
        Assert.Contains(path, Assert.Throws<CoppiceException>(() => TokenStore.Open(path).Dispose()).Message, StringComparison.Ordinal);

    private static void Truncate(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(200);
    }

    private static IEnumerable<Document> Some(int count)
    {
        var random = new Random(7);
        for (var i = 0; i < count; i++)
        {
            yield return new Document($"{i}", string.Concat(Enumerable.Repeat("wörd ", random.Next(1, 60))), $"source {i % 3}");
        }
    }

    private static int[] All(TokenStore store)
    {
        var tokens = new int[store.TokenCount];
        store.Read(0, tokens);
        return tokens;
    }
}
