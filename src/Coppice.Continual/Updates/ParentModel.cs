using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Checkpoints;
using Coppice.Training.Loop;

namespace Coppice.Continual.Updates;

/// <summary>The model that an update begins from, as its directory says. It is only read.</summary>
public sealed record ParentModel
{
    /// <summary>The model directory.</summary>
    public required string Directory { get; init; }

    /// <summary>A checksum of configuration, weights and tokenizer.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Its tokenizer.</summary>
    public required Tokenizer Tokenizer { get; init; }

    /// <summary>Where it comes from; null for a model from elsewhere.</summary>
    public required Provenance? Provenance { get; init; }

    /// <summary>Its undecayed state; null where there is none.</summary>
    public required string? TrunkDirectory { get; init; }

    /// <summary>What it was trained on, oldest first.</summary>
    public IReadOnlyList<ProvenanceSource> Sources => Provenance?.Sources ?? [];

    /// <summary>Opens a parent.</summary>
    /// <param name="path">A model directory, or a run's directory that holds one.</param>
    /// <exception cref="CoppiceException">There is none.</exception>
    public static ParentModel Open(string path)
    {
        var directory = Resolve(path);
        // Refuses what is no model before anything is written.
        ModelDirectory.ReadConfiguration(directory);
        var provenance = Provenance.Load(directory);
        return new ParentModel
        {
            Directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)),
            Fingerprint = ModelDirectory.Fingerprint(directory),
            Tokenizer = Tokenizer.Load(directory),
            Provenance = provenance,
            TrunkDirectory = provenance?.Trunk is { } trunk ? Provenance.ResolvePath(directory, trunk) : null,
        };
    }

    /// <summary>The model directory that a path means: itself, or the released model of the run that it names.</summary>
    /// <param name="path">The path.</param>
    public static string Resolve(string path)
    {
        var inside = Path.Combine(path, PretrainRun.ModelFolder);
        return !File.Exists(Path.Combine(path, ModelDirectory.ConfigurationFile)) && File.Exists(Path.Combine(inside, ModelDirectory.ConfigurationFile)) ? inside : path;
    }

    /// <summary>The undecayed state, every file of which is as it was written.</summary>
    /// <exception cref="CoppiceException">It is missing or damaged.</exception>
    public Checkpoint OpenTrunk()
    {
        if (TrunkDirectory is null) throw CoppiceException.Usage($"{Directory}: has no undecayed trunk to begin from; set start.from to release");
        try
        {
            return CheckpointWriter.Open(TrunkDirectory);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException($"{error.Message}; restore it, or begin from the release with --set start.from=release", inner: error);
        }
    }
}
