using System.Buffers;

namespace Coppice.Corpus;

/// <summary>The bytes at hand of a stream that is read forward: a window in a pooled array.</summary>
internal static class PooledWindow
{
    /// <summary>Makes room behind the window where there is none: moves it to the beginning, or takes an array twice as large.</summary>
    /// <param name="buffer">The array; may be exchanged for another.</param>
    /// <param name="start">Where the window begins.</param>
    /// <param name="end">Where it ends.</param>
    public static void MakeRoom(ref byte[] buffer, ref int start, ref int end)
    {
        if (end < buffer.Length) return;
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, 2L * buffer.Length));
        buffer.AsSpan(0, end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
