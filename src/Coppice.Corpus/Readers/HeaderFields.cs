namespace Coppice.Corpus;

/// <summary>The header of a WARC record, an HTTP message or a mail: fields with a name and a value, long ones over several lines, an empty line at the end.</summary>
internal sealed class HeaderFields
{
    private const int MostFields = 1000;
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);

    public static HeaderFields Empty { get; } = new();

    /// <summary>The line before the fields, where there is one, such as <c>HTTP/1.1 200 OK</c>.</summary>
    public string FirstLine { get; private init; } = "";

    /// <summary>The value of a field, the first where it occurs several times; null where there is none.</summary>
    public string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>Reads a header.</summary>
    /// <param name="bytes">Begins with it.</param>
    /// <param name="hasFirstLine">Whether a line without a field comes first.</param>
    /// <param name="length">How long it is, the empty line included.</param>
    /// <returns>The header, or null where no empty line ends it.</returns>
    public static HeaderFields? Parse(ReadOnlySpan<byte> bytes, bool hasFirstLine, out int length)
    {
        length = 0;
        HeaderFields? header = hasFirstLine ? null : new HeaderFields();
        string? name = null;
        while (true)
        {
            var newline = bytes[length..].IndexOf((byte)'\n');
            if (newline < 0) return null;
            var line = bytes.Slice(length, newline).TrimEnd((byte)'\r');
            length += newline + 1;
            if (header is null) header = new HeaderFields { FirstLine = Text(line) };
            else if (line.IsEmpty) return header;
            else name = header.Add(line, name);
        }
    }

    /// <summary>The value of a field before its parameters, in lower case, such as <c>text/html</c>; empty where there is none.</summary>
    public string ValueOf(string name) => (this[name] ?? "").Split(';')[0].Trim().ToLowerInvariant();

    /// <summary>A parameter of a field, such as <c>charset</c> of <c>text/html; charset="utf-8"</c>, or null.</summary>
    public string? Parameter(string name, string parameter)
    {
        var rest = this[name].AsSpan();
        while (rest.IndexOf(';') is var separator and >= 0)
        {
            rest = rest[(separator + 1)..].TrimStart();
            if (!rest.StartsWith(parameter, StringComparison.OrdinalIgnoreCase)) continue;
            var value = rest[parameter.Length..].TrimStart();
            if (!value.StartsWith("=")) continue;
            value = value[1..].TrimStart();
            if (value.StartsWith("\"")) return value[1..].IndexOf('"') is var end and >= 0 ? value[1..(end + 1)].ToString() : value[1..].ToString();
            return (value.IndexOf(';') is var next and >= 0 ? value[..next] : value).Trim().ToString();
        }

        return null;
    }

    private string? Add(ReadOnlySpan<byte> line, string? before)
    {
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            if (before is not null && _fields[before].Length < 1 << 16) _fields[before] += " " + Text(line).Trim();
            return before;
        }

        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || _fields.Count == MostFields) return null;
        var name = Text(line[..colon]).Trim();
        return _fields.TryAdd(name, Text(line[(colon + 1)..]).Trim()) ? name : null;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => TextDecoding.Decode(bytes, out _);
}
