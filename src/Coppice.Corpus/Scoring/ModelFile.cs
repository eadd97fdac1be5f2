using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>A trained model in one file: eight bytes that name the format, the SHA-256 of the rest, and the rest, which is compressed (Brotli).</summary>
internal static class ModelFile
{
    /// <summary>Writes a model.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="format">The format's name: eight ASCII characters.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public static void Write(string path, string format, Action<BinaryWriter> write)
    {
        using var content = new MemoryStream();
        using (var writer = new BinaryWriter(new BrotliStream(content, CompressionLevel.SmallestSize, leaveOpen: true), Encoding.UTF8)) write(writer);
        var bytes = content.ToArray();
        AtomicFile.WriteBytes(path, [.. Encoding.ASCII.GetBytes(format), .. SHA256.HashData(bytes), .. bytes]);
    }

    /// <summary>Reads a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">The format's name.</param>
    /// <param name="kind">What messages call such a model.</param>
    /// <param name="read">Reads the content. Throws <see cref="InvalidDataException"/> where it makes no sense.</param>
    /// <exception cref="CoppiceException">The file can't be read, is damaged or of another format.</exception>
    public static T Read<T>(string path, string format, string kind, Func<BinaryReader, T> read)
    {
        try
        {
            return Read(File.ReadAllBytes(path), path, format, kind, read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>Reads a model from memory.</summary>
    /// <param name="file">What a file holds.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="format">The format's name.</param>
    /// <param name="kind">What messages call such a model.</param>
    /// <param name="read">Reads the content. Throws <see cref="InvalidDataException"/> where it makes no sense.</param>
    /// <exception cref="CoppiceException">It is damaged or of another format.</exception>
    public static T Read<T>(byte[] file, string name, string format, string kind, Func<BinaryReader, T> read)
    {
        var start = format.Length + SHA256.HashSizeInBytes;
        if (file.Length < start || Encoding.Latin1.GetString(file, 0, format.Length) != format)
            throw new CoppiceException($"{name}: this is no {kind} of this version; train one");
        if (!SHA256.HashData(file.AsSpan(start)).AsSpan().SequenceEqual(file.AsSpan(format.Length, SHA256.HashSizeInBytes)))
            throw new CoppiceException($"{name}: the {kind} is damaged (its checksum does not match); copy or train it again");
        using var content = new BrotliStream(new MemoryStream(file, start, file.Length - start), CompressionMode.Decompress);
        using var reader = new BinaryReader(new BufferedStream(content, 1 << 16), Encoding.UTF8);
        try
        {
            return read(reader);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or FormatException)
        {
            throw new CoppiceException($"{name}: the {kind} makes no sense; train it again", inner: error);
        }
    }
}
