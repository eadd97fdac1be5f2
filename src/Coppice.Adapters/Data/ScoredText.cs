using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>A text with a number that says how good it is.</summary>
/// <param name="Text">The text.</param>
/// <param name="Score">The number: the higher, the better.</param>
/// <param name="Where">File and line.</param>
public sealed record ScoredText(string Text, double Score, string Where)
{
    /// <summary>Reads texts from the fields <c>text</c> and <c>score</c>.</summary>
    /// <param name="path">The file; see <see cref="DataFile"/>.</param>
    /// <exception cref="CoppiceException">The file can't be read, a record lacks a field, or a score is no number.</exception>
    public static IReadOnlyList<ScoredText> Read(string path) => [.. DataFile.Read(path).Select(record =>
        double.TryParse(record.Text("score"), NumberStyles.Float, CultureInfo.InvariantCulture, out var score) && double.IsFinite(score)
            ? new ScoredText(record.Text("text"), score, record.Where)
            : throw record.Error($"'score' is '{record.Text("score")}', and a finite number is expected"))];
}
