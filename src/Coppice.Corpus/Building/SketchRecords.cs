using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Coppice.Corpus.Building;

/// <summary>
/// Sketches of documents one after another: id, length of the text, date, score, sketch. Lengths are four bytes, little-endian; a length of −1 stands for null.
/// </summary>
internal static class SketchRecords
{
    /// <summary>Writes one record.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="document">The document.</param>
    /// <param name="sketch">Its sketch.</param>
    public static void Write(IBufferWriter<byte> output, Document document, ReadOnlySpan<byte> sketch)
    {
        WriteText(output, document.Id);
        WriteInt32(output, document.Text.Length);
        WriteText(output, document.Date);
        BinaryPrimitives.WriteDoubleLittleEndian(output.GetSpan(8), document.Score ?? double.NaN);
        output.Advance(8);
        WriteInt32(output, sketch.Length);
        output.Write(sketch);
    }

    /// <summary>Reads records.</summary>
    /// <param name="bytes">The records.</param>
    /// <param name="firstIndex">The index of the first document.</param>
    /// <param name="isEarlier">Whether they belong to an earlier corpus.</param>
    public static IEnumerable<(SketchedDocument Document, ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Record)> Read(ReadOnlyMemory<byte> bytes, long firstIndex, bool isEarlier)
    {
        for (var index = firstIndex; !bytes.IsEmpty; index++)
        {
            var rest = bytes;
            var id = TakeText(ref rest) ?? default;
            var characters = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, 4).Span);
            var date = TakeText(ref rest) is { } text ? Encoding.UTF8.GetString(text.Span) : null;
            var score = BinaryPrimitives.ReadDoubleLittleEndian(Take(ref rest, 8).Span);
            var sketch = Take(ref rest, BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, 4).Span));
            yield return (new SketchedDocument(index, isEarlier, characters, date, double.IsNaN(score) ? null : score, sketch), id, bytes[..^rest.Length]);
            bytes = rest;
        }
    }

    private static void WriteInt32(IBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    private static void WriteText(IBufferWriter<byte> output, string? text)
    {
        WriteInt32(output, text is null ? -1 : Encoding.UTF8.GetByteCount(text));
        if (text is not null) Encoding.UTF8.GetBytes(text, output);
    }

    private static ReadOnlyMemory<byte>? TakeText(ref ReadOnlyMemory<byte> bytes)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(Take(ref bytes, 4).Span);
        return length < 0 ? null : Take(ref bytes, length);
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> bytes, int count)
    {
        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }
}
