using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>Which fields hold a labelled text.</summary>
public sealed record LabelledFields
{
    /// <summary>The text.</summary>
    public string Text { get; init; } = "text";

    /// <summary>The second text of a pair; null where texts are single.</summary>
    public string? Pair { get; init; }

    /// <summary>The label, or for regression the number.</summary>
    public string Label { get; init; } = "label";
}

/// <summary>A text, or a pair of texts, with what is to be told of it.</summary>
/// <param name="Text">The text.</param>
/// <param name="Pair">The second text of a pair, or null.</param>
/// <param name="Label">The label, or the text of a number.</param>
/// <param name="Where">File and line.</param>
public sealed record LabelledText(string Text, string? Pair, string Label, string Where)
{
    /// <summary>The label as a number, for regression.</summary>
    /// <exception cref="CoppiceException">It is none.</exception>
    public float Number() => float.TryParse(Label, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number)
        ? number
        : throw new CoppiceException($"{Where}: '{Label}' is no number, and a regression needs one");

    /// <summary>Reads labelled texts.</summary>
    /// <param name="path">The file; see <see cref="DataFile"/>.</param>
    /// <param name="fields">Which fields to read; null for <c>text</c> and <c>label</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a record lacks a field.</exception>
    public static IReadOnlyList<LabelledText> Read(string path, LabelledFields? fields = null)
    {
        var names = fields ?? new LabelledFields();
        return [.. DataFile.Read(path).Select(record => new LabelledText(
            record.Text(names.Text), names.Pair is null ? null : record.Text(names.Pair), record.Text(names.Label), record.Where))];
    }
}
