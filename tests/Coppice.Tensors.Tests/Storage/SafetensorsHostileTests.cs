using System.Text;
using Coppice.Foundation;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Tensors.Tests.Storage;

public sealed class SafetensorsHostileTests
{
    public static TheoryData<string, string> WrongHeaders => new()
    {
        { """{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "needs 12 bytes" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "bytes 8 to 0" },
        { """{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "data section of 8" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", "data section of 8" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", "whole number" },
        { """{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "whole number" },
        { """{"x":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", "whole number" },
        { """{"x":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "whole number" },
        { """{"x":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "whole number" },
        { """{"x":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "not an array" },
        { """{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", "overflows" },
        { """{"x":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}""", "overflows" },
        { """{"x":{"dtype":"F32","shape":[4611686018427387906,4,0],"data_offsets":[0,0]}}""", "overflows" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "3 data_offsets" },
        { """{"x":{"dtype":"F8","shape":[2],"data_offsets":[0,8]}}""", "dtype 'F8'" },
        { """{"x":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "dtype 'Number'" },
        { """{"x":{"shape":[2],"data_offsets":[0,8]}}""", "needs dtype" },
        { """{"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "twice" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", "unknown field 'more'" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'x' twice" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0078":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'x' twice" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "inside the tensor before" },
        { """{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "belong to none" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "take 4 bytes but its data section has 8" },
        { """{}""", "take 0 bytes" },
        { """{"x":[]}""", "not an object" },
        { """{"__metadata__":{"a":1},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not a string" },
        { """{"__metadata__":[],"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not an object" },
        { """{"__metadata__":{"a":"1","a":"2"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'a' twice" },
        { """{"x\u000a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "control characters" },
        { """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON" },
        { """{"x":{"dtype":"\udc00","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON" },
        { """[]""", "not a JSON object" },
        { "", "not valid JSON" },
        { "{", "not valid JSON" },
        { "{} {}", "not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(WrongHeaders))]
    public void A_header_that_lies_is_refused_and_the_file_is_named(string header, string reason)
    {
        var (path, error) = Refusal(RawSafetensors.Build(header, new byte[8]));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(100_000_001UL)]
    [InlineData(100_000_000UL)]
    [InlineData(3UL)]
    [InlineData(1UL)]
    public void A_header_length_beyond_the_file_or_the_limit_is_refused_before_memory_is_taken(ulong length)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refusal(RawSafetensors.Build("{}", [], length));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    [Fact]
    public void Deep_JSON_is_refused()
    {
        var (_, error) = Refusal(RawSafetensors.Build("""{"x":""" + new string('[', 100_000) + new string(']', 100_000) + "}", []));
        Assert.Contains("not valid JSON", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_does_not_repeat_a_name_of_any_length()
    {
        var (_, error) = Refusal(RawSafetensors.Build("{\"" + new string('x', 1_000_000) + "\":1}", []));
        Assert.InRange(error.Message.Length, 1, 1_000);
    }

    [Fact]
    public void A_file_that_ends_anywhere_is_refused()
    {
        var whole = Sample();
        for (var length = 0; length < whole.Length; length++) Refusal(whole[..length]);
    }

    [Fact]
    public void Files_with_random_damage_are_read_or_refused_but_never_crash_or_take_memory()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("damaged");
        var random = new Random(20);
        var refused = 0;
        for (var round = 0; round < 1_000; round++)
        {
            var bytes = Sample();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                var at = random.Next(bytes.Length);
                bytes = random.Next(4) switch
                {
                    0 => [.. bytes[..at], .. bytes[random.Next(bytes.Length)..]],
                    1 => [.. bytes[..at], (byte)"0123456789-.eE[]{},:\"\\"[random.Next(22)], .. bytes[at..]],
                    2 => With(bytes, at, (byte)('0' + random.Next(10))),
                    _ => With(bytes, at, (byte)random.Next(256)),
                };
                if (bytes.Length == 0) break;
            }

            File.WriteAllBytes(path, bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var tensor in file.Tensors)
                {
                    if (tensor.DataType.IsFloatingPoint()) file.ReadFloats(tensor.Name);
                    else file.ReadIntegers(tensor.Name);
                }
            }
            catch (CoppiceException)
            {
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        }

        Assert.InRange(refused, 500, 1_000);

        static byte[] With(byte[] bytes, int at, byte value)
        {
            bytes[at] = value;
            return bytes;
        }
    }

    private static byte[] Sample()
    {
        const string header = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"U8","shape":[],"data_offsets":[32,33]}}""";
        return RawSafetensors.Build(header, Encoding.UTF8.GetBytes("the data, which may be anything..")[..33]);
    }

    private static (string Path, CoppiceException Error) Refusal(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("hostile.safetensors");
        File.WriteAllBytes(path, bytes);
        return (path, Assert.Throws<CoppiceException>(() => SafetensorsFile.Open(path)));
    }
}
