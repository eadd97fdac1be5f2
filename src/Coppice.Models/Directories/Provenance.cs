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
    public string? Parent { get; init; }

    /// <summary>The resolved recipe, as YAML.</summary>
    public required string Recipe { get; init; }

    /// <summary>Fingerprint of the tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>The texts it was trained on.</summary>
    public required IReadOnlyList<ProvenanceSource> Sources { get; init; }

    /// <summary>Optimizer steps taken.</summary>
    public long Steps { get; init; }

    /// <summary>Tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>What was measured at the end: names and values.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

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
public sealed record ProvenanceSource(string Name, IReadOnlyList<string> Paths, string Fingerprint, long Documents, long Bytes, long Tokens);
