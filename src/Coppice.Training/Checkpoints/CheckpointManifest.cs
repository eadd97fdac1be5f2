using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Training.Checkpoints;

/// <summary>What a checkpoint consists of. It is written last, so that a directory without it, or with another content, is known to be torn.</summary>
internal sealed record CheckpointManifest
{
    public const string FileName = "manifest.json";

    private const int MaximumLength = 16 << 20;

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    public required long Step { get; init; }

    public required double? ValidationLoss { get; init; }

    public required IReadOnlyList<CheckpointFile> Files { get; init; }

    /// <summary>Flushes every file of a directory to the disk and lists it with its checksum.</summary>
    public static CheckpointManifest Of(string directory, long step, double? validationLoss)
    {
        var files = new List<CheckpointFile>();
        foreach (var path in Directory.GetFiles(directory, "*", SearchOption.AllDirectories))
        {
            using (var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite)) stream.Flush(flushToDisk: true);
            var name = Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/');
            files.Add(new CheckpointFile(name, new FileInfo(path).Length, Checksum.OfFile(path)));
        }

        return new CheckpointManifest { Step = step, ValidationLoss = validationLoss, Files = [.. files.OrderBy(file => file.Name, StringComparer.Ordinal)] };
    }

    public void Write(string directory) => AtomicFile.WriteText(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, Format) + "\n");

    /// <summary>Reads a manifest without looking at the files.</summary>
    /// <returns>The manifest, or null with the reason.</returns>
    public static CheckpointManifest? TryRead(string directory, out string reason)
    {
        reason = "";
        try
        {
            var file = new FileInfo(Path.Combine(directory, FileName));
            if (!file.Exists) reason = $"it has no {FileName}, so it was never finished";
            else if (file.Length > MaximumLength) reason = $"its {FileName} has {file.Length} bytes, which no manifest has";
            else return JsonSerializer.Deserialize<CheckpointManifest>(File.ReadAllBytes(file.FullName), Format) ?? throw new JsonException();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            reason = $"its {FileName} is damaged";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason = $"its {FileName} can't be read: {error.Message}";
        }

        return null;
    }

    /// <summary>Compares every file with the manifest.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? FindDamage(string directory)
    {
        foreach (var file in Files)
        {
            if (file is null || !IsInside(file.Name)) return $"its {FileName} names a file that can't be one of its own";
            var path = new FileInfo(Path.Combine(directory, file.Name));
            if (!path.Exists) return $"{file.Name} is missing";
            if (path.Length != file.Length) return $"{file.Name} has {path.Length} bytes instead of {file.Length}";
            try
            {
                if (Checksum.OfFile(path.FullName) != file.Sha256) return $"{file.Name} has another checksum than when it was written";
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return $"{file.Name} can't be read: {error.Message}";
            }
        }

        return null;
    }

    private static bool IsInside(string name) => name.Length > 0 && !name.Any(char.IsControl) && !Path.IsPathRooted(name) && !name.Split('/', '\\').Contains("..");
}

/// <summary>A file of a checkpoint.</summary>
/// <param name="Name">Its path relative to the checkpoint, with forward slashes.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">Its checksum in lower-case hexadecimal.</param>
internal sealed record CheckpointFile(string Name, long Length, string Sha256);
