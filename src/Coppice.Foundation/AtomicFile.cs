namespace Coppice.Foundation;

/// <summary>
/// Writes a file so that its name never holds half of it: the bytes go to a temporary name in the same folder, are flushed to the disk,
/// and the name is changed last. A reader sees the old file or the new one.
/// </summary>
public static class AtomicFile
{
    /// <summary>The ending of a file that is being written. One found later was left by a process that was killed; it may be deleted.</summary>
    public const string TemporarySuffix = ".writing";

    /// <summary>Writes a file through a stream.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="toDisk">Whether to wait until the disk has it. Without, a loss of power can leave a file of zeros: for what has a checksum and can be made again.</param>
    /// <exception cref="CoppiceException">The file can't be written: the message names it and the cause.</exception>
    public static void Write(string path, Action<Stream> write, bool toDisk = true)
    {
        var temporary = path + TemporarySuffix;
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path));
            if (folder is not null) Directory.CreateDirectory(folder);
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: toDisk);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Delete(temporary);
            throw new CoppiceException($"{path}: can't be written: {error.Message}", inner: error);
        }
        catch
        {
            Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes text as UTF-8 without a byte-order mark.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="text">The content.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public static void WriteText(string path, string text) => WriteBytes(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="bytes">The content.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public static void WriteBytes(string path, byte[] bytes) => Write(path, stream => stream.Write(bytes));

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report; a left-over temporary file does no harm.
        }
    }
}
