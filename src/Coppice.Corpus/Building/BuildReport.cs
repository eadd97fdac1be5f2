using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>What a build did, for those who have to trust it: the file <c>build.json</c>. Equal for equal builds, however often they were interrupted.</summary>
public sealed record BuildReport
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "build.json";

    /// <summary>The file of documents that a step failed on.</summary>
    public const string QuarantineFile = "quarantine.jsonl";

    private const int CurrentVersion = 2;
    private const int FewestForWarning = 100;
    private const double NearlyAll = 0.9;

    /// <summary>The version of the layout.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The recipe's name.</summary>
    public required string Recipe { get; init; }

    /// <summary>The recipe's steps with every option.</summary>
    public required IReadOnlyList<ReportedStep> RecipeSteps { get; init; }

    /// <summary>What was read.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The earlier corpora that it was compared with.</summary>
    public required IReadOnlyList<string> Against { get; init; }

    /// <summary>Files that were opened and read.</summary>
    public required long FilesRead { get; init; }

    /// <summary>Documents that were read.</summary>
    public required long DocumentsIn { get; init; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public required long BytesIn { get; init; }

    /// <summary>Documents that are left, those for validation included.</summary>
    public required long DocumentsOut { get; init; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public required long BytesOut { get; init; }

    /// <summary>Documents that a step failed on or that are above the size limit; they are in <see cref="QuarantineFile"/>.</summary>
    public required long Quarantined { get; init; }

    /// <summary>What the readers could not use, by reason.</summary>
    public required IReadOnlyDictionary<string, CountedExamples> DroppedByReaders { get; init; }

    /// <summary>Files that were not read, by reason.</summary>
    public required IReadOnlyDictionary<string, CountedExamples> SkippedFiles { get; init; }

    /// <summary>What was wrong with text that was read, by kind.</summary>
    public required IReadOnlyDictionary<string, CountedExamples> Problems { get; init; }

    /// <summary>What each step did.</summary>
    public required IReadOnlyList<StepStatistics> Steps { get; init; }

    /// <summary>The lengths of the documents that were read, as in <see cref="ProfileRecord.Lengths"/>.</summary>
    public required IReadOnlyDictionary<int, long> LengthsIn { get; init; }

    /// <summary>What the documents that are left are like.</summary>
    public required ProfileRecord Profile { get; init; }

    /// <summary>Sketches for later corpora.</summary>
    public required IReadOnlyList<StepSketches> Sketches { get; init; }

    /// <summary>What looks wrong: steps and rules that matched nothing or nearly everything.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Warnings => [.. Steps.SelectMany(Warn)];

    /// <summary>Reads the report of a finished corpus.</summary>
    /// <param name="corpus">The corpus's folder.</param>
    /// <exception cref="CoppiceException">There is none, or it can't be read.</exception>
    public static BuildReport Open(string corpus)
    {
        var path = Path.Combine(corpus, FileName);
        if (!File.Exists(path) || !File.Exists(Path.Combine(corpus, CuratedCorpus.ManifestFile)))
        {
            throw new CoppiceException($"{corpus}: there is no {FileName} with a {CuratedCorpus.ManifestFile}, so this is no corpus that 'coppice corpus build' finished.");
        }

        try
        {
            var report = JsonSerializer.Deserialize<BuildReport>(File.ReadAllBytes(path), Json) ?? throw new JsonException("it holds null");
            return report.Version == CurrentVersion
                ? report
                : throw new CoppiceException(FormattableString.Invariant($"{path}: has version {report.Version}; this program reads version {CurrentVersion}. Build the corpus again."));
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read as the report of a build: {error.Message} Build the corpus again.", inner: error);
        }
    }

    internal static JsonSerializerOptions Json { get; } = new(DocumentTrace.Json) { WriteIndented = true, RespectNullableAnnotations = true };

    private static IEnumerable<string> Warn(StepStatistics step)
    {
        var documents = step.DocumentsIn - step.PassedOver;
        if (documents < FewestForWarning) yield break;
        if (step is { Dropped: 0, Changed: 0 }) yield return FormattableString.Invariant($"{step.Name}: none of {documents} documents was dropped or changed");
        if (step.Dropped >= NearlyAll * documents) yield return FormattableString.Invariant($"{step.Name}: dropped {100.0 * step.Dropped / documents:0.0} % of {documents} documents");
        foreach (var (kind, _) in step.Changes.Where(_ => step.Changed >= NearlyAll * documents).Take(1))
        {
            yield return FormattableString.Invariant($"{step.Name}: changed {100.0 * step.Changed / documents:0.0} % of {documents} documents ({kind})");
        }
    }
}

/// <summary>A step of a recipe as it was run.</summary>
/// <param name="Name">The step's name.</param>
/// <param name="Options">Its options, every one with its value.</param>
public sealed record ReportedStep(string Name, IReadOnlyList<StepOption> Options);

/// <summary>A number of occurrences and where the first of them were.</summary>
/// <param name="Count">How many.</param>
/// <param name="Examples">Where the first few were.</param>
public sealed record CountedExamples(long Count, IReadOnlyList<string> Examples);
