using System.Text;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// A record of comma- or tab-separated values (RFC 4180) under a first line of column names: a field in quotation marks may hold separators, line ends and
/// doubled quotation marks.
/// </summary>
internal sealed class DelimitedRecord : DataRecord
{
    private readonly List<string> _columns;
    private readonly List<string> _values;

    private DelimitedRecord(string where, List<string> columns, List<string> values)
        : base(where) => (_columns, _values) = (columns, values);

    /// <inheritdoc/>
    protected override IEnumerable<string> Fields => _columns;

    /// <summary>The records of a file; empty lines are none.</summary>
    /// <param name="source">The file.</param>
    /// <param name="separator">What parts the fields.</param>
    /// <exception cref="CoppiceException">A record has another number of fields than there are columns, or a quotation mark is not closed where it should be.</exception>
    public static IEnumerable<DataRecord> ReadAll(TextSource source, char separator)
    {
        var columns = new List<string>();
        while (source.Peek() >= 0)
        {
            var line = source.Line;
            var values = Read(source, separator);
            if (values is [{ Length: 0 }]) continue;
            if (columns.Count == 0)
            {
                columns = [.. values.Select(name => name.Trim())];
                if (columns.Distinct(StringComparer.Ordinal).Count() < columns.Count) throw source.Error(line, "two columns have the same name");
                continue;
            }

            if (values.Count != columns.Count) throw source.Error(line, FormattableString.Invariant($"has {values.Count} fields, and there are {columns.Count} columns"));
            yield return new DelimitedRecord(source.Where(line), columns, values);
        }
    }

    /// <inheritdoc/>
    public override string? Find(string field) => _columns.IndexOf(field) is var column and >= 0 && _values[column].Length > 0 ? _values[column] : null;

    private static List<string> Read(TextSource source, char separator)
    {
        var (fields, field, line, characters) = (new List<string>(), new StringBuilder(), source.Line, 0);
        while (true)
        {
            if (++characters > TextSource.LongestRecord) throw source.Error(line, $"is longer than {TextSource.LongestRecord} characters");
            var next = source.Next();
            if (next == '"' && field.Length == 0) ReadQuoted(source, separator, field, line);
            else if (next >= 0 && next != '\n' && next != separator) field.Append((char)next);
            else
            {
                // A carriage return before the line's end is part of that.
                if (next != separator && field.Length > 0 && field[^1] == '\r') field.Length--;
                fields.Add(field.ToString());
                field.Clear();
                if (next != separator) return fields;
            }
        }
    }

    private static void ReadQuoted(TextSource source, char separator, StringBuilder field, int line)
    {
        while (true)
        {
            var next = source.Next();
            if (next < 0) throw source.Error(line, "a quotation mark is not closed before the file ends");
            if (field.Length == TextSource.LongestRecord) throw source.Error(line, $"is longer than {TextSource.LongestRecord} characters: a quotation mark may not be closed");
            if (next != '"') field.Append((char)next);
            else if (source.Peek() == '"') field.Append((char)source.Next());
            else break;
        }

        // Otherwise quotation marks that are text would swallow lines without a word.
        if (source.Peek() is var behind and >= 0 && behind != separator && behind is not ('\n' or '\r'))
            throw source.Error(source.Line, "text follows a closing quotation mark; a mark that is text is doubled, in a field between marks");
    }
}
