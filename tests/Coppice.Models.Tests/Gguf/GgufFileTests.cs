using System.Buffers.Binary;
using System.Text;
using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Models.Tests.Gguf;

public sealed class GgufFileTests : IDisposable
{
    // The export of a tiny model is some kilobytes; what is read of it can't be much more.
    private const long MostBytes = 64 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var file = new GgufWriter();
        file.Add("a.text", "grün");
        file.Add("a.number", 7);
        file.Add("a.share", 0.25f);
        file.Add("a.flag", true);
        file.Add("a.texts", ["x", "", "grün"]);
        file.Add("a.numbers", (int[])[1, -2]);
        file.Add("a.shares", (float[])[0.5f]);
        file.Write(_folder.At("a.gguf"), [Tensor("odd", [3], [1, 2, 3]), Tensor("matrix", [2, 3], [1, 2, 3, 4, 5, 6])]);

        using var read = GgufFile.Open(_folder.At("a.gguf"));
        var metadata = read.Metadata;
        Assert.Equal(("grün", 7, 0.25, true), (metadata.Text("a.text"), metadata.Size("a.number"), metadata.Number("a.share", 0), metadata.Flag("a.flag", false)));
        Assert.True(metadata.TryGetArray("a.texts", GgufValueType.Text, out var texts));
        Assert.Equal(["x", "", "grün"], read.Read(texts, "texts"));
        Assert.True(metadata.TryGetArray("a.numbers", GgufValueType.Int32, out var numbers));
        Assert.Equal([1L, -2L], read.Read(numbers, "numbers"));
        Assert.Equal([1, 2, 3], read.ReadFloats("odd"));
        Assert.Equal([1, 2, 3, 4, 5, 6], read.ReadFloats("matrix"));
        Assert.Equal([2L, 3L], read.Find("matrix").Shape);
        Assert.Equal(0, read.Find("matrix").Offset % 32);
        Assert.Throws<CoppiceException>(() => read.Find("matrx"));
    }

    [Theory]
    [InlineData("is not a GGUF file", 0, new byte[] { 0x50 })]
    [InlineData("version 16777219", 4, new byte[] { 3, 0, 0, 1 })]
    [InlineData("claims 72057594037927938 tensors", 8, new byte[] { 2, 0, 0, 0, 0, 0, 0, 1 })]
    [InlineData("metadata values, for which", 16, new byte[] { 2, 0, 0, 0, 0, 0, 0, 1 })]
    [InlineData("bytes of a key, for which", 24, new byte[] { 255, 255, 255, 255, 255, 255, 255, 255 })]
    public void A_lying_header_is_refused(string expected, int at, byte[] bytes)
    {
        var content = Small();
        bytes.CopyTo(content, at);
        Assert.Contains(expected, Refused(content), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lying_description_of_a_tensor_is_refused()
    {
        var content = Small();
        var name = content.AsSpan().IndexOf("first"u8);
        var (rows, type, offset) = (name + 5 + 4, name + 5 + 4 + 16, name + 5 + 4 + 16 + 4);
        Assert.Contains("dimension of", Refused(Changed(content, rows, 1UL << 62)), StringComparison.Ordinal);
        Assert.Contains("dimension of 0", Refused(Changed(content, rows, 0)), StringComparison.Ordinal);
        Assert.Contains("goes beyond its end", Refused(Changed(content, rows, 1 << 20)), StringComparison.Ordinal);
        Assert.Contains("stored as type 16", Refused(Changed(content, type, 16U)), StringComparison.Ordinal);
        Assert.Contains("can't hold", Refused(Changed(content, type, 12U)), StringComparison.Ordinal);
        Assert.Contains("not aligned", Refused(Changed(content, offset, 4)), StringComparison.Ordinal);
        Assert.Contains("inside the tensor before it", Refused(Changed(content, offset, 32)), StringComparison.Ordinal);
        Assert.Contains("truncated", Refused(content[..^40]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama.block_count", "more than the file's")]
    [InlineData("llama.embedding_length", "has the shape")]
    [InlineData("llama.attention.head_count", "is expected")]
    [InlineData("llama.context_length", null)]
    public void A_lying_size_takes_no_memory(string key, string? expected)
    {
        var content = Exported("llama");
        var value = content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key)) + key.Length + 4;
        var changed = content.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(value), key.EndsWith("head_count", StringComparison.Ordinal) ? 0U : key.EndsWith("block_count", StringComparison.Ordinal) ? 4000U : 1U << 24);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Read(changed);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        if (expected is null) Assert.Null(message);
        else Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    /// <summary>Random changes of files of every kind. More of them: <c>COPPICE_MUTATIONS=100000 dotnet test --filter GgufFile</c>.</summary>
    [Fact]
    public void A_damaged_file_is_refused_or_read_but_never_more()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("COPPICE_MUTATIONS"), out var wanted) ? wanted : 1000;
        var originals = TinyModels.GgufNames.Where(name => name != "qwen2").Select(Exported).Append(Small()).ToList();
        var random = new Philox(17, 0);
        var draw = 0UL;
        int Next(int below) => random.Integer(draw++, below);
        var read = 0;
        for (var i = 0; i < count; i++)
        {
            var content = originals[i % originals.Count].ToArray();
            for (var change = Next(4); change >= 0; change--) content = Mutate(content, Next);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var message = Read(content);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostBytes, $"mutation {i} took {allocated} bytes of memory");
            if (message is null) read++;
            else Assert.DoesNotContain('\n', message);
        }

        // Most changes hit data, which may be anything.
        Assert.InRange(read, 1, count - 1);
    }

    private static byte[] Mutate(byte[] content, Func<int, int> next)
    {
        // Three of four changes go where lengths, types and names are.
        var at = next(next(4) > 0 ? Math.Min(content.Length, 1500) : content.Length);
        switch (next(5))
        {
            case 0:
                content[at] ^= (byte)(1 << next(8));
                return content;
            case 1:
                content[at] = (byte)(new[] { 0, 1, 0x7F, 0x80, 0xFF })[next(5)];
                return content;
            case 2:
                BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(Math.Min(at, content.Length - 8)), new ulong[] { 0, 1, 1UL << 31, 1UL << 32, 1UL << 62, ulong.MaxValue, (ulong)content.Length }[next(7)]);
                return content;
            case 3:
                return content[..Math.Max(at, 16)];
            default:
                byte[] shorter = [.. content.AsSpan(0, at), .. content.AsSpan(Math.Min(content.Length, at + next(16)))];
                return shorter.Length >= 16 ? shorter : content;
        }
    }

    /// <summary>Reads a file's model and tokenizer as an import does.</summary>
    /// <returns>The error, or null.</returns>
    private string? Read(byte[] content)
    {
        var path = _folder.At("damaged.gguf");
        File.WriteAllBytes(path, content);
        try
        {
            using var file = GgufFile.Open(path);
            using var model = GgufImport.ReadModel(file, _backend);
            GgufTokenizerImport.Read(file, model.Configuration.VocabularySize);
            return null;
        }
        catch (CoppiceException error)
        {
            return error.Message;
        }
    }

    private string Refused(byte[] content) => Read(content) ?? throw new InvalidOperationException("The file was read.");

    private byte[] Exported(string name)
    {
        using var model = TinyModels.Create(name, _backend, vocabulary: 270);
        GgufExport.Write(model, TinyTokenizers.Of(name), "tiny", _folder.At("exported.gguf"), name == "gpt2" ? GgufExportType.F32 : GgufExportType.Q80);
        return File.ReadAllBytes(_folder.At("exported.gguf"));
    }

    private byte[] Small()
    {
        var file = new GgufWriter();
        file.Add("general.architecture", "llama");
        file.Write(_folder.At("small.gguf"), [Tensor("zero", [20], new float[20]), Tensor("first", [2, 10], new float[20]), Tensor("last", [20], new float[20])]);
        return File.ReadAllBytes(_folder.At("small.gguf"));
    }

    private static byte[] Changed(byte[] content, int at, ulong value)
    {
        var changed = content.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(changed.AsSpan(at), value);
        return changed;
    }

    private static byte[] Changed(byte[] content, int at, uint value)
    {
        var changed = content.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(at), value);
        return changed;
    }

    private static GgufTensorToWrite Tensor(string name, long[] shape, float[] values)
    {
        var format = BlockFormat.Find("F32");
        var bytes = new byte[4 * values.Length];
        format.Encode(values, bytes);
        return new GgufTensorToWrite(name, format, shape, stream => stream.Write(bytes));
    }
}
