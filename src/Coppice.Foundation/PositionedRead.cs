using Microsoft.Win32.SafeHandles;

namespace Coppice.Foundation;

/// <summary>Reads from a place in a file that several threads may have open.</summary>
public static class PositionedRead
{
    /// <summary>Fills a buffer: the operating system may hand over less at a time than is asked for.</summary>
    /// <param name="file">The file.</param>
    /// <param name="destination">Takes the bytes.</param>
    /// <param name="offset">Where the first of them lies.</param>
    /// <returns>Whether the file has them all; where it ends early, what the buffer holds means nothing.</returns>
    /// <exception cref="IOException">It can't be read.</exception>
    public static bool Fill(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(file, destination, offset);
            if (read == 0) return false;
            destination = destination[read..];
            offset += read;
        }

        return true;
    }
}
