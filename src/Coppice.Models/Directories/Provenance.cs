using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Models;

/// <summary>Where a model comes from: what <c>coppice.json</c> holds. It has no time stamps, so that the same run writes the same bytes.</summary>
public sealed record Provenance
{
    /// <summary>The file's name.</summary>
    public const string FileName = "coppice.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of the file's layout.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>The version of the software that wrote it.</summary>
    public required string Software { get; init; }

    /// <summary>The model that this one was trained from; null for one from scratch.</summary>
    public ProvenanceParent? Parent { get; init; }

    /// <summary>The undecayed state that the model is the annealed copy of, relative to the model's directory; null where there is none.</summary>
    public string? Trunk { get; init; }

    /// <summary>The shape of a step and the learning rate, which an update begins from; null for a model that was not trained.</summary>
    public ProvenanceTraining? Training { get; init; }

    /// <summary>How models were merged to this one; null for one that was trained.</summary>
    public ProvenanceMerge? Merge { get; init; }

    /// <summary>The task that it was adapted to; null for a model that was not.</summary>
    public ProvenanceTask? Task { get; init; }

    /// <summary>The resolved recipe, as YAML; of an adapted model that of its parent, empty where that has none; of a merged model, that of one of its models.</summary>
    public required string Recipe { get; init; }

    /// <summary>Fingerprint of the tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>The texts that it and its ancestors were trained on, oldest first.</summary>
    public required IReadOnlyList<ProvenanceSource> Sources { get; init; }

    /// <summary>Optimizer steps taken.</summary>
    public long Steps { get; init; }

    /// <summary>Tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>What was measured at the end: names and values.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>This software, with its version.</summary>
    public static string ThisSoftware { get; } = $"Coppice {typeof(Provenance).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>A path as it is written: relative to a model's directory, so that a folder of models can be moved, with forward slashes.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <param name="path">A file or folder.</param>
    public static string RelativePath(string directory, string path) => Path.GetRelativePath(Path.GetFullPath(directory), Path.GetFullPath(path)).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>The place that a written path means.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <param name="path">What <see cref="RelativePath"/> gave.</param>
    public static string ResolvePath(string directory, string path) => Path.GetFullPath(Path.Combine(directory, path));

    /// <summary>Writes the file of a model directory.</summary>
    /// <param name="directory">The model directory.</param>
    public void Save(string directory) => AtomicFile.WriteText(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, Options) + "\n");

    /// <summary>Reads the file of a model directory; null where there is none (a model from elsewhere).</summary>
    /// <param name="directory">The model directory.</param>
    /// <exception cref="CoppiceException">The file is damaged.</exception>
    public static Provenance? Load(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<Provenance>(File.ReadAllText(path), Options) ?? throw new CoppiceException($"{path}: is empty");
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}: is damaged: {error.Message}", inner: error);
        }
    }
}

/// <summary>A text that a model was trained on.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Paths">Where it was read from.</param>
/// <param name="Fingerprint">Fingerprint of its tokens.</param>
/// <param name="Documents">Documents trained on.</param>
/// <param name="Bytes">Bytes of text.</param>
/// <param name="Tokens">Tokens.</param>
public sealed record ProvenanceSource(string Name, IReadOnlyList<string> Paths, string Fingerprint, long Documents, long Bytes, long Tokens)
{
    /// <summary>The token store that it was trained on, relative to the model's directory; null where it was not kept.</summary>
    public string? Store { get; init; }

    /// <summary>The token store of what was kept apart, relative to the model's directory.</summary>
    public string? HeldOut { get; init; }

    /// <summary>Bits per byte of what was kept apart, at the model's release.</summary>
    public double? HeldOutBitsPerByte { get; init; }

    /// <summary>Bits per byte of what was kept apart under the model's parent; null in a model from scratch.</summary>
    public double? HeldOutBitsPerByteBefore { get; init; }

    /// <summary>Whether the text was written by an ancestor of the model in place of text that was not kept.</summary>
    public bool Generated { get; init; }
}

/// <summary>What a model was adapted to.</summary>
/// <param name="Name">The task.</param>
/// <param name="Method">The method: <c>full</c>, or an adapter's.</param>
/// <param name="Recipe">The resolved recipe of adapting, as YAML.</param>
public sealed record ProvenanceTask(string Name, string Method, string Recipe);

/// <summary>A parent of a model.</summary>
/// <param name="Path">Its directory, relative to the model's.</param>
/// <param name="Fingerprint"><see cref="ModelDirectory.Fingerprint"/> of it.</param>
public sealed record ProvenanceParent(string Path, string Fingerprint);

/// <summary>How a model was trained.</summary>
/// <param name="SequenceLength">Tokens of a sequence.</param>
/// <param name="BatchSize">Sequences of a step.</param>
/// <param name="LearningRate">The peak of the first training of the chain.</param>
/// <param name="Schedule">The schedule's name.</param>
public sealed record ProvenanceTraining(int SequenceLength, int BatchSize, double LearningRate, string Schedule);

/// <summary>How models were merged.</summary>
/// <param name="Method">The method's name.</param>
/// <param name="Scale">The factor of all differences from the base.</param>
/// <param name="Density">The share of differences that was kept; null where the method keeps all or its usual share.</param>
/// <param name="Seed">The seed of what was drawn at random.</param>
/// <param name="Base">What the models come from.</param>
/// <param name="Models">The models, in the order in which they were given.</param>
public sealed record ProvenanceMerge(string Method, double Scale, double? Density, ulong Seed, MergedModel Base, IReadOnlyList<MergedModel> Models);

/// <summary>A model that went into another.</summary>
/// <param name="Path">Its directory, relative to the merged model's.</param>
/// <param name="Fingerprint"><see cref="ModelDirectory.Fingerprint"/> of it.</param>
/// <param name="Weight">Its weight; null for the base.</param>
public sealed record MergedModel(string Path, string Fingerprint, double? Weight);
