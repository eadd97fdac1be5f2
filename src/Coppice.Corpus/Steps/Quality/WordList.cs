using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>A list that the user gives as a file: one entry a line, in lower case; blank lines and lines that begin with # are none.</summary>
internal static class WordList
{
    /// <summary>Reads files; the entries of all of them.</summary>
    /// <exception cref="CoppiceException">A file can't be read, or has no entry: the message names it.</exception>
    public static HashSet<string> Read(IReadOnlyList<string> paths)
    {
        var entries = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var isEmpty = true;
            foreach (var line in Lines(path))
            {
                var entry = line.Trim();
                if (entry.Length == 0 || entry[0] == '#') continue;
                entries.Add(entry.ToLowerInvariant());
                isEmpty = false;
            }

            if (isEmpty) throw new CoppiceException($"{path}: has no entry: put one word, domain or address on each line.");
        }

        return entries;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }
}
