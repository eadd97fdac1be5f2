using System.Buffers.Binary;
using System.Text;

namespace Coppice.Training.Metrics;

/// <summary>
/// The few of TensorBoard's protocol-buffer messages that a run needs, encoded by hand. The numbers are the fields' in TensorFlow's event.proto,
/// summary.proto and tensor.proto.
/// </summary>
internal static class TensorBoardEvents
{
    private const int WireVarint = 0, WireFixed64 = 1, WireBytes = 2, WireFixed32 = 5;

    /// <summary>The first event of a file: Event.file_version (3).</summary>
    public static byte[] FileVersion(double wallTime) => Event(wallTime, 0, Bytes(3, "brain.Event:2"));

    /// <summary>Events from this step on replace those of earlier files: Event.session_log (7) with SessionLog.status (1) = START (1).</summary>
    public static byte[] SessionStart(double wallTime, long step) => Event(wallTime, step, Bytes(7, Varint(1, 1)));

    /// <summary>A point of a curve: Summary.Value.tag (1) and simple_value (2).</summary>
    public static byte[] Scalar(double wallTime, long step, string tag, float value) =>
        Summary(wallTime, step, [.. Bytes(1, tag), .. Fixed32(2, value)]);

    /// <summary>
    /// A text: Value.tag (1); Value.metadata (9) with plugin_data (1) and plugin_name (1) = text; Value.tensor (8) with
    /// dtype (1) = DT_STRING (7), tensor_shape (2) of one dim (2) of size (1) 1, and string_val (8).
    /// </summary>
    public static byte[] Text(double wallTime, long step, string tag, string text) => Summary(wallTime, step,
    [
        .. Bytes(1, tag),
        .. Bytes(9, Bytes(1, Bytes(1, "text"))),
        .. Bytes(8, [.. Varint(1, 7), .. Bytes(2, Bytes(2, Varint(1, 1))), .. Bytes(8, text)]),
    ]);

    // Event.summary (5) with one Summary.value (1).
    private static byte[] Summary(double wallTime, long step, byte[] value) => Event(wallTime, step, Bytes(5, Bytes(1, value)));

    // Event.wall_time (1), a double, and Event.step (2).
    private static byte[] Event(double wallTime, long step, byte[] what)
    {
        var time = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(time, wallTime);
        return [.. Key(1, WireFixed64), .. time, .. Varint(2, (ulong)step), .. what];
    }

    private static byte[] Fixed32(int field, float value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return [.. Key(field, WireFixed32), .. bytes];
    }

    private static byte[] Varint(int field, ulong value) => [.. Key(field, WireVarint), .. Varint(value)];

    private static byte[] Bytes(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int field, byte[] bytes) => [.. Key(field, WireBytes), .. Varint((ulong)bytes.Length), .. bytes];

    private static byte[] Key(int field, int wireType) => Varint((ulong)((field << 3) | wireType));

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
