using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// Files of examples: JSON lines (<c>.jsonl</c>, <c>.ndjson</c>), comma- or tab-separated values with a first line of column names (<c>.csv</c>,
/// <c>.tsv</c>); each also as gzip (<c>.gz</c>). Nothing is left out silently: a record that can't be used ends the reading with its file and line.
/// </summary>
public static class DataFile
{
    /// <summary>Reads the records of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">It can't be read, is of another format (exit code 2), has a damaged record, or no record at all.</exception>
    public static IReadOnlyList<DataRecord> Read(string path)
    {
        using var source = new TextSource(path);
        List<DataRecord> records = [.. Records(source, path)];
        return records.Count > 0 ? records : throw new CoppiceException($"{path}: holds no example");
    }

    private static IEnumerable<DataRecord> Records(TextSource source, string path)
    {
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" => JsonRecord.ReadAll(source),
            ".csv" => DelimitedRecord.ReadAll(source, ','),
            ".tsv" => DelimitedRecord.ReadAll(source, '\t'),
            ".json" => throw CoppiceException.Usage($"{path}: examples are read from JSON lines, one object on each line: write it as .jsonl"),
            _ => throw CoppiceException.Usage($"{path}: the ending says no format of examples (known: .jsonl, .ndjson, .csv, .tsv, each also with .gz)"),
        };
    }
}
