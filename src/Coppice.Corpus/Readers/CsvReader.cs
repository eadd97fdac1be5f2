using System.Globalization;

namespace Coppice.Corpus;

/// <summary>
/// Comma- and tab-separated values with a first line of column names: a record is a document. Which columns hold what is named in <see cref="ReaderOptions"/>, as for JSON lines.
/// </summary>
/// <param name="format">The name in recipes: <c>csv</c>, or <c>tsv</c> with tabs.</param>
public sealed class CsvReader(string format) : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => format;

    /// <summary>By the ending, which is the format's name.</summary>
    /// <param name="extension">The file's ending, or empty.</param>
    /// <param name="beginning">The first bytes.</param>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) => extension.Length > 0 && extension[1..] == format;

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        var options = file.Options;
        var records = new CsvRecords(file.Content, format == "tsv" ? (byte)'\t' : (byte)',', options.MaximumDocumentBytes);
        if (!records.Read()) yield break;
        var columns = records.Fields.Select((name, index) => TextDecoding.Decode(name, out _).Trim()).ToList();
        var text = columns.IndexOf(options.TextField);
        if (text < 0)
        {
            file.Report.Drop($"{DropReasons.NoTextColumn} '{options.TextField}'", $"{file.Path}: its columns are {string.Join(", ", columns.Take(20))}");
            yield break;
        }

        while (records.Read())
        {
            var where = string.Create(CultureInfo.InvariantCulture, $"{file.Path}, line {records.Line}");
            if (records.TooLong) file.Report.Drop(DropReasons.TooLarge, where);
            else if (records.Unclosed) file.Report.Drop(DropReasons.OpenQuotation, where);
            else if (records.Fields.Count != columns.Count) file.Report.Drop(DropReasons.OtherNumberOfFields, where);
            else yield return Document(records, columns, text, file, where);
        }
    }

    private static Document Document(CsvRecords records, List<string> columns, int text, SourceFile file, string where)
    {
        var options = file.Options;
        var id = Field(options.IdField) ?? string.Create(CultureInfo.InvariantCulture, $"{file.Id}:{records.Line}");
        var source = file.SourceIsFixed ? file.Source : Field(options.SourceField) ?? file.Source;
        return new Document(id, Decode(records.Fields[text]), source)
        {
            Title = Field(options.TitleField),
            Url = Field(options.UrlField),
            Date = Field(options.DateField),
            Language = Field(options.LanguageField),
            Licence = Field(options.LicenceField),
        };

        string? Field(string name) => columns.IndexOf(name) is var column and >= 0 && records.Fields[column].Length > 0 ? Decode(records.Fields[column]) : null;

        string Decode(byte[] bytes)
        {
            var decoded = TextDecoding.Decode(bytes, out var invalid);
            if (invalid > 0) file.Report.Problem(DropReasons.InvalidBytes, where, invalid);
            return decoded;
        }
    }
}
