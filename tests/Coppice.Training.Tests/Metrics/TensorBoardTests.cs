using System.Buffers.Binary;
using System.Text;
using Coppice.Testing;
using Coppice.Training.Metrics;

namespace Coppice.Training.Tests.Metrics;

public sealed class TensorBoardTests
{
    [Theory]
    [InlineData("", 0x00000000u)]
    [InlineData("31-32-33-34-35-36-37-38-39", 0xE3069283u)] // "123456789", the check value of CRC-32C
    [InlineData("00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00", 0x8A9136AAu)] // RFC 3720 B.4
    [InlineData("FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF", 0x62A8AB43u)]
    public void Checksums_are_CRC_32C(string hex, uint expected)
    {
        Assert.Equal(expected, TfRecord.Crc32C(Convert.FromHexString(hex.Replace("-", "", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_file_decodes_to_what_was_observed()
    {
        using var folder = new TemporaryFolder();
        var time = new FixedTime();
        using (var writer = new TensorBoardWriter(folder.At("tb"), time))
        {
            writer.Started(new RunStart(60, 100, 1_000));
            writer.Observe(new StepMetrics { Step = 61, Tokens = 8, Loss = 2.5, LearningRate = 1e-3, GradientNorm = 0.75, TokensPerSecond = 1_000 });
            writer.Observe(new EvaluationMetrics { Step = 300, Tokens = 8, Loss = 2.25, BitsPerByte = 1.5, EvaluatedTokens = 5 });
            writer.Observe(new TextSample { Step = 300, Prompt = "a", Text = "é\nb" });
        }

        var path = Assert.Single(Directory.GetFiles(folder.At("tb")));
        Assert.StartsWith("events.out.tfevents.1700000000", Path.GetFileName(path), StringComparison.Ordinal);
        var events = ReadRecords(File.ReadAllBytes(path)).Select(Fields).ToList();
        Assert.All(events, fields => Assert.Equal(1_700_000_000.25, BitConverter.UInt64BitsToDouble((ulong)fields[1])));
        Assert.Equal("brain.Event:2", Text(events[0][3]));
        Assert.Equal(61UL, events[1][2]);
        Assert.Equal(1UL, Fields((byte[])events[1][7])[1]);

        Assert.Equal(
            [(61, "training/loss", 2.5f), (61, "training/learning_rate", 1e-3f), (61, "training/gradient_norm", 0.75f), (61, "training/tokens_per_second", 1_000f), (300, "validation/loss", 2.25f), (300, "validation/bits_per_byte", 1.5f)],
            events.Skip(2).SkipLast(1).Select(fields =>
            {
                var value = Fields((byte[])Fields((byte[])fields[5])[1]);
                return ((int)(ulong)fields[2], Text(value[1]), BitConverter.UInt32BitsToSingle((uint)(ulong)value[2]));
            }));

        var sample = Fields((byte[])Fields((byte[])events[^1][5])[1]);
        Assert.Equal("sample", Text(sample[1]));
        Assert.Equal("text", Text(Fields((byte[])Fields((byte[])sample[9])[1])[1]));
        var tensor = Fields((byte[])sample[8]);
        Assert.Equal(7UL, tensor[1]);
        Assert.Equal(1UL, Fields((byte[])Fields((byte[])tensor[2])[2])[1]);
        Assert.Equal("    aé\n    b", Text(tensor[8]));
    }

    // A reader of its own, bit by bit from the formats' descriptions: record framing, then tag-value fields.
    private static List<byte[]> ReadRecords(byte[] file)
    {
        var records = new List<byte[]>();
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(Masked(file.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            records.Add(file[(at + 12)..(at + 12 + length)]);
            at += 16 + length;
        }

        return records;

        static uint Masked(ReadOnlySpan<byte> data)
        {
            var crc = 0xFFFFFFFFu;
            foreach (var value in data)
            {
                crc ^= value;
                for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
            }

            crc = ~crc;
            return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
        }
    }

    private static Dictionary<int, object> Fields(byte[] message)
    {
        var fields = new Dictionary<int, object>();
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            object value;
            switch (key & 7)
            {
                case 0:
                    value = Varint(message, ref at);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    value = message[at..(at + length)];
                    at += length;
                    break;
                default:
                    Assert.Equal(5UL, key & 7);
                    value = (ulong)BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at));
                    at += 4;
                    break;
            }

            fields.Add((int)(key >> 3), value);
        }

        return fields;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            value |= (ulong)(message[at] & 0x7F) << shift;
            if (message[at++] < 0x80) return value;
        }
    }

    private static string Text(object bytes) => Encoding.UTF8.GetString((byte[])bytes);

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250);
    }
}
