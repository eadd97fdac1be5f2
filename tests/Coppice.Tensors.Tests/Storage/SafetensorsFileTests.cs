using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Coppice.Foundation;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Tensors.Tests.Storage;

public sealed class SafetensorsFileTests
{
    private static readonly float[] Values = [0f, -0f, 1f, -2.5f, 1f / 3f, 6.1e-5f, 65504f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-40f, 3.3e38f];

    [Fact]
    public void Tensors_and_metadata_survive_a_round_trip()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.safetensors");
        SafetensorsWriter.Write(
            path,
            [
                TensorToWrite.Floats("b", [3, 4], Values),
                TensorToWrite.Floats("half", [12], Values, TensorDataType.F16),
                TensorToWrite.Floats("brain", [2, 6], Values, TensorDataType.BF16),
                TensorToWrite.Integers("ids", [2], new long[] { long.MinValue, long.MaxValue }),
                TensorToWrite.Floats("scalar", [], new[] { 7f }),
                TensorToWrite.Floats("empty", [0, 5], ReadOnlyMemory<float>.Empty),
                TensorToWrite.Floats("größe \"1\"", [1], new[] { 8f }),
            ],
            new Dictionary<string, string> { ["format"] = "pt", ["a"] = "é\n" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal("é\n", file.Metadata["a"]);
        Assert.Equal(["ids", "b", "scalar", "empty", "größe \"1\"", "half", "brain"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([3, 4], file.Find("b").Shape);
        Assert.Equal(Bits(Values), Bits(file.ReadFloats("b")));
        Assert.Equal(Bits([.. Values.Select(value => (float)(Half)value)]), Bits(file.ReadFloats("half")));
        Assert.Equal(Bits([.. Values.Select(value => BFloat16.ToSingle(BFloat16.FromSingle(value)))]), Bits(file.ReadFloats("brain")));
        Assert.Equal([long.MinValue, long.MaxValue], file.ReadIntegers("ids"));
        Assert.Equal([7f], file.ReadFloats("scalar"));
        Assert.Empty(file.Find("scalar").Shape);
        Assert.Empty(file.ReadFloats("empty"));
        Assert.Equal([8f], file.ReadFloats("größe \"1\""));
    }

    [Theory]
    [InlineData("BOOL", "00 01", new long[] { 0, 1 })]
    [InlineData("U8", "00 FF", new long[] { 0, 255 })]
    [InlineData("I8", "7F 80", new long[] { 127, -128 })]
    [InlineData("U16", "FF FF 01 00", new long[] { 65535, 1 })]
    [InlineData("I16", "FF FF 00 80", new long[] { -1, -32768 })]
    [InlineData("U32", "FF FF FF FF 02 00 00 00", new long[] { uint.MaxValue, 2 })]
    [InlineData("I32", "FF FF FF FF 00 00 00 80", new long[] { -1, int.MinValue })]
    [InlineData("U64", "FF FF FF FF FF FF FF 7F 03 00 00 00 00 00 00 00", new[] { long.MaxValue, 3 })]
    [InlineData("I64", "FF FF FF FF FF FF FF FF 04 00 00 00 00 00 00 00", new long[] { -1, 4 })]
    public void Whole_numbers_of_every_width_are_read(string type, string hex, long[] expected)
    {
        using var folder = new TemporaryFolder();
        using var file = SafetensorsFile.Open(WriteOne(folder, type, 2, hex));
        Assert.Equal(expected, file.ReadIntegers("x"));
        Assert.Contains(type, Assert.Throws<CoppiceException>(() => file.ReadFloats("x")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F16", "00 3C 00 C1", new[] { 1f, -2.5f })]
    [InlineData("BF16", "80 3F 20 C0", new[] { 1f, -2.5f })]
    [InlineData("F32", "00 00 80 3F 00 00 20 C0", new[] { 1f, -2.5f })]
    [InlineData("F64", "00 00 00 00 00 00 F0 3F 00 00 00 00 00 00 04 C0", new[] { 1f, -2.5f })]
    public void Floating_point_of_every_width_is_read(string type, string hex, float[] expected)
    {
        using var folder = new TemporaryFolder();
        using var file = SafetensorsFile.Open(WriteOne(folder, type, 2, hex));
        Assert.Equal(expected, file.ReadFloats("x"));
        Assert.Contains(type, Assert.Throws<CoppiceException>(() => file.ReadIntegers("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_U64_beyond_the_range_of_long_is_an_error()
    {
        using var folder = new TemporaryFolder();
        using var file = SafetensorsFile.Open(WriteOne(folder, "U64", 1, "00 00 00 00 00 00 00 80"));
        Assert.Contains("9223372036854775808", Assert.Throws<CoppiceException>(() => file.ReadIntegers("x")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TensorDataType.F32)]
    [InlineData(TensorDataType.F16)]
    [InlineData(TensorDataType.BF16)]
    public void A_source_is_asked_in_order_and_parts_can_be_read_back(TensorDataType type)
    {
        const int count = 100_003;
        using var folder = new TemporaryFolder();
        long asked = 0;
        SafetensorsWriter.Write(folder.At("a"), [TensorToWrite.Floats("x", [count], Source, type)]);
        Assert.Equal(count, asked);

        using var file = SafetensorsFile.Open(folder.At("a"));
        var all = file.ReadFloats("x");
        for (var i = 0; i < count; i++) Assert.Equal(i % 251, all[i]);
        var part = new float[70_000];
        file.ReadFloats("x", 30_003, part);
        Assert.Equal(all[30_003..], part);
        Assert.Throws<CoppiceException>(() => file.ReadFloats("x", 30_004, part));
        Assert.Throws<CoppiceException>(() => file.ReadFloats("x", -1, part));
        Assert.Throws<CoppiceException>(() => file.ReadFloats("x", part));

        void Source(long start, Span<float> destination)
        {
            Assert.Equal(asked, start);
            for (var i = 0; i < destination.Length; i++) destination[i] = (start + i) % 251;
            asked += destination.Length;
        }
    }

    [Fact]
    public void The_bytes_are_those_that_the_format_describes()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a");
        SafetensorsWriter.Write(path, [TensorToWrite.Floats("w", [1, 2], new[] { 1f, 2f })], new Dictionary<string, string> { ["k"] = "v" });
        const string header = """{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}""";
        var padded = header.PadRight((header.Length + 7) / 8 * 8);
        var bytes = File.ReadAllBytes(path);
        Assert.Equal((ulong)padded.Length, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        Assert.Equal(padded, Encoding.UTF8.GetString(bytes, 8, padded.Length));
        Assert.Equal("0000803F00000040", Convert.ToHexString(bytes.AsSpan(8 + padded.Length)));
    }

    [Fact]
    public void A_missing_tensor_is_an_error_that_names_the_file_and_the_nearest_tensor()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a");
        SafetensorsWriter.Write(path, [TensorToWrite.Floats("lm_head.weight", [1], new[] { 1f })]);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal($"{path}: has no tensor 'lm_head.wieght'; did you mean 'lm_head.weight'?", Assert.Throws<CoppiceException>(() => file.ReadFloats("lm_head.wieght")).Message);
        Assert.False(file.Contains("lm_head.wieght"));
    }

    [Fact]
    public void A_file_that_is_absent_or_a_folder_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { folder.At("none"), folder.Root })
        {
            Assert.StartsWith(path, Assert.Throws<CoppiceException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_that_shrinks_after_it_was_opened_is_an_error_on_reading()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a");
        SafetensorsWriter.Write(path, [TensorToWrite.Floats("x", [4], new float[4])]);
        using var file = SafetensorsFile.Open(path);
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(stream.Length - 1);
        Assert.Throws<CoppiceException>(() => file.ReadFloats("x"));
    }

    [Fact]
    public void Two_tensors_of_one_name_and_the_reserved_name_are_refused()
    {
        using var folder = new TemporaryFolder();
        var one = TensorToWrite.Floats("x", [1], new[] { 1f });
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder.At("a"), [one, one]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder.At("a"), [TensorToWrite.Floats("__metadata__", [1], new[] { 1f })]));
        Assert.Throws<ArgumentException>(() => TensorToWrite.Floats("x", [2], new[] { 1f }));
    }

    [SharedDataFact("oracles")]
    public void Files_that_the_reference_implementation_wrote_are_read_to_the_last_element()
    {
        var files = Directory.GetFiles(SharedData.At("oracles"), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var path in files)
        {
            using var file = SafetensorsFile.Open(path);
            Assert.NotEmpty(file.Tensors);
            foreach (var tensor in file.Tensors)
            {
                if (tensor.DataType.IsFloatingPoint()) Assert.Contains(file.ReadFloats(tensor.Name), float.IsFinite);
                else file.ReadIntegers(tensor.Name);
            }
        }
    }

    private static string WriteOne(TemporaryFolder folder, string type, int count, string hex)
    {
        var data = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var path = folder.At("one.safetensors");
        File.WriteAllBytes(path, RawSafetensors.Build($$"""{"x":{"dtype":"{{type}}","shape":[{{count}}],"data_offsets":[0,{{data.Length}}] } }""", data));
        return path;
    }

    private static uint[] Bits(float[] values) => MemoryMarshal.Cast<float, uint>(values).ToArray().Select((bits, i) => float.IsNaN(values[i]) ? 0x7FC00000 : bits).ToArray();
}
