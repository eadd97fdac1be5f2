using System.Text.Json;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters.Directories;

/// <summary>The base that an adapter was trained on: what <c>coppice_adapter.json</c> beside it says. An adapter from elsewhere has none.</summary>
public sealed record AdapterOrigin
{
    /// <summary>The file's name.</summary>
    public const string FileName = "coppice_adapter.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of the file's layout.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>The version of the software that wrote it.</summary>
    public required string Software { get; init; }

    /// <summary>The base's directory, relative to the adapter's, and its fingerprint.</summary>
    public required ProvenanceParent Base { get; init; }

    /// <summary>What an adapter says of its base.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <param name="baseModel">The base's model directory.</param>
    /// <exception cref="CoppiceException">That can't be read.</exception>
    public static AdapterOrigin Of(string directory, string baseModel) => new()
    {
        Software = Provenance.ThisSoftware,
        Base = new ProvenanceParent(Provenance.RelativePath(directory, baseModel), ModelDirectory.Fingerprint(baseModel)),
    };

    /// <summary>Reads the file of an adapter's directory; null where there is none.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <exception cref="CoppiceException">The file is damaged.</exception>
    public static AdapterOrigin? Load(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var origin = JsonSerializer.Deserialize<AdapterOrigin>(File.ReadAllText(path), Options);
            return origin?.Base is { Path: not null, Fingerprint: not null } ? origin : throw new CoppiceException($"{path}: names no base");
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}: is damaged: {error.Message}", inner: error);
        }
    }

    /// <summary>Writes the file.</summary>
    /// <param name="directory">The adapter's directory.</param>
    public void Save(string directory) => AtomicFile.WriteText(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, Options) + "\n");
}
