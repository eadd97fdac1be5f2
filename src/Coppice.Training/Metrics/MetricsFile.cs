using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Training.Metrics;

/// <summary>The format of <c>metrics.jsonl</c>: one event a line, as a JSON object whose <c>kind</c> comes first.</summary>
public static class MetricsFile
{
    /// <summary>The usual name of the file in a run's directory.</summary>
    public const string Name = "metrics.jsonl";

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
    };

    /// <summary>An event as a line, without the end of the line.</summary>
    /// <param name="happened">The event.</param>
    public static string ToLine(RunEvent happened) => JsonSerializer.Serialize(happened, Format);

    /// <summary>Reads the events of a file. Lines at its end that are torn, as a killed process leaves them, are passed over.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a line before its end is no event.</exception>
    public static IReadOnlyList<RunEvent> Read(string path)
    {
        try
        {
            var events = new List<RunEvent>();
            var torn = 0;
            var number = 0;
            foreach (var line in File.ReadLines(path, Encoding.UTF8))
            {
                number++;
                var happened = TryParse(line);
                if (happened is null) torn = torn == 0 ? number : torn;
                else if (torn > 0) throw new CoppiceException($"{path}:{torn}: is no line of metrics; remove the line, or move the file away");
                else events.Add(happened);
            }

            return events;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    private static RunEvent? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<RunEvent>(line, Format);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}
