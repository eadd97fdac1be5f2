using System.IO.Compression;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>The lines of a file that holds the items of an evaluation.</summary>
internal static class FileLines
{
    // The longest line of a real set has some kilobytes.
    private const int LongestLine = 1 << 20;

    /// <summary>Gives the lines one by one.</summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <param name="take">Receives each line's number, from 1, and its bytes without the line feed, which are valid until it returns.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a line is too long.</exception>
    public static void Read(string path, Action<int, ReadOnlyMemory<byte>> take)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            using var lines = new BufferedStream(content, 1 << 16);
            var line = new MemoryStream();
            for (var number = 1; ReadLine(lines, line, path, number); number++) take(number, line.GetBuffer().AsMemory(0, (int)line.Length));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>An error in a line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="number">The line.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="inner">What said so.</param>
    public static CoppiceException Error(string path, int number, string what, Exception? inner = null) =>
        new(FormattableString.Invariant($"{path}, line {number}: {what}"), inner: inner);

    private static bool ReadLine(BufferedStream content, MemoryStream line, string path, int number)
    {
        line.SetLength(0);
        while (content.ReadByte() is var value and >= 0)
        {
            if (value == '\n') return true;
            if (line.Length == LongestLine) throw Error(path, number, $"is longer than {LongestLine} bytes");
            line.WriteByte((byte)value);
        }

        return line.Length > 0;
    }
}
