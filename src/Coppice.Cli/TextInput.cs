using System.Text;
using Coppice.Foundation;

namespace Coppice.Cli;

/// <summary>Text from a file or stdin, exactly as it is: bytes that are no UTF-8 are an error and not replaced.</summary>
internal static class TextInput
{
    private const int LargestBytes = 256 << 20;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    public static string FromFile(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return Read(stream, path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>Reads stdin to its end.</summary>
    /// <param name="missing">What to say where nothing is piped in and the user would wait for nothing.</param>
    public static string FromStandardInput(string missing)
    {
        if (!Console.IsInputRedirected) throw CoppiceException.Usage(missing);
        using var stream = Console.OpenStandardInput();
        return Read(stream, "stdin");
    }

    private static string Read(Stream stream, string name)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (stream.Read(buffer) is var count and > 0)
        {
            if (bytes.Length + count > LargestBytes) throw new CoppiceException($"{name}: is larger than {LargestBytes >> 20} MiB");
            bytes.Write(buffer, 0, count);
        }

        try
        {
            return Strict.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (DecoderFallbackException error)
        {
            throw new CoppiceException($"{name}: byte {error.Index} is not valid UTF-8; convert the text first", inner: error);
        }
    }
}
