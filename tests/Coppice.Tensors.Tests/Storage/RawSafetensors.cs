using System.Buffers.Binary;
using System.Text;

namespace Coppice.Tensors.Tests.Storage;

/// <summary>Builds files by hand, right or wrong.</summary>
internal static class RawSafetensors
{
    public static byte[] Build(string header, byte[] data, ulong? headerLength = null)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, headerLength ?? (ulong)json.Length);
        json.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + json.Length);
        return bytes;
    }
}
