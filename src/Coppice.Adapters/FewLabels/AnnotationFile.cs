using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// A file that a person fills in: JSON lines with <c>text</c> (and <c>pair</c>), an empty <c>label</c>, and what the model would say (<c>guess</c>, <c>probability</c>). Read
/// back, it is labelled texts as any other.
/// </summary>
public static class AnnotationFile
{
    // Letters of all scripts as they are: the file is for people.
    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Writes texts that are to be labelled. A file that is there already is not replaced: it may hold somebody's work.</summary>
    /// <param name="path">The file (<c>.jsonl</c>).</param>
    /// <param name="texts">The unlabelled texts.</param>
    /// <param name="picks">Which of them, of <see cref="ActiveLearning.Pick"/>.</param>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="probabilities">What the model says of the unlabelled texts [texts][classes].</param>
    /// <exception cref="CoppiceException">The file is there, or can't be written.</exception>
    public static void Write(string path, IReadOnlyList<UnlabelledText> texts, IReadOnlyList<ActivePick> picks, IReadOnlyList<string> labels, IReadOnlyList<float[]> probabilities)
    {
        RequireNew(path);
        var lines = new StringBuilder();
        foreach (var pick in picks)
        {
            var (text, of) = (texts[pick.Example], probabilities[pick.Example]);
            var best = ClassProbabilities.Best(of);
            lines.Append(JsonSerializer.Serialize(new Line(text.Text, text.Pair, "", labels[best], Math.Round(of[best], 4), text.Where), Options)).Append('\n');
        }

        AtomicFile.WriteText(path, lines.ToString());
    }

    /// <summary>Reads what a person filled in. Lines whose label is still empty are left out.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The labelled texts, and how many lines have no label.</returns>
    /// <exception cref="CoppiceException">The file can't be read, a line has no text, or none has a label.</exception>
    public static (IReadOnlyList<LabelledText> Labelled, int Open) Read(string path)
    {
        var records = DataFile.Read(path);
        List<LabelledText> labelled = [.. records.Where(record => record.Find("label") is { } label && !string.IsNullOrWhiteSpace(label))
            .Select(record => new LabelledText(record.Text("text"), record.Find("pair"), record.Text("label").Trim(), record.Where))];
        return labelled.Count > 0 ? (labelled, records.Count - labelled.Count) : throw new CoppiceException($"{path}: no line has a label yet: write one into 'label' of each");
    }

    /// <summary>Refuses a path that can't be written to.</summary>
    /// <exception cref="CoppiceException">It has another ending, or the file is there (exit code 2).</exception>
    internal static void RequireNew(string path)
    {
        if (!path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)) throw CoppiceException.Usage($"{path}: an annotation file ends with .jsonl");
        if (File.Exists(path)) throw CoppiceException.Usage($"{path}: is there already, perhaps with labels: move it away, or name another file");
    }

    private sealed record Line(string Text, string? Pair, string Label, string Guess, double Probability, string From);
}
