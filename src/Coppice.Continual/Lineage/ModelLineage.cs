using Coppice.Continual.Updates;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Continual.Lineage;

/// <summary>A model in a chain of updates.</summary>
/// <param name="Directory">Its directory.</param>
/// <param name="Fingerprint">Its checksum as its child remembers it, or as it is now for the newest.</param>
/// <param name="Provenance">What it says of itself; null where its directory is gone or it is from elsewhere.</param>
/// <param name="State">Whether its files are there and what they were when its child was made.</param>
public sealed record Ancestor(string Directory, string Fingerprint, Provenance? Provenance, AncestorState State);

/// <summary>What became of an ancestor's files.</summary>
public enum AncestorState
{
    /// <summary>They are as they were.</summary>
    Intact,

    /// <summary>They are other files than those that its child was made from.</summary>
    Changed,

    /// <summary>They are gone.</summary>
    Missing,
}

/// <summary>The chain of models from one back to the first, as their directories tell it.</summary>
public static class ModelLineage
{
    /// <summary>Reads the chain.</summary>
    /// <param name="model">A model directory, or a run's.</param>
    /// <returns>The first model first, the given one last. What is older than one that is missing can't be known.</returns>
    /// <exception cref="CoppiceException">It is no model directory, or a file is damaged.</exception>
    public static IReadOnlyList<Ancestor> Read(string model)
    {
        var directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(ParentModel.Resolve(model)));
        var newest = new Ancestor(directory, ModelDirectory.Fingerprint(directory), Provenance.Load(directory), AncestorState.Intact);
        var chain = new List<Ancestor> { newest };
        while (chain[^1].Provenance?.Parent is { } parent)
        {
            var place = Provenance.ResolvePath(chain[^1].Directory, parent.Path);
            // Copies that were put in each other's places may lead back to where the chain was already.
            if (chain.Any(ancestor => ancestor.Directory == place)) throw new CoppiceException($"{place}: is its own ancestor, as {Provenance.FileName} of {chain[^1].Directory} has it; bring the right directories back from copies");
            if (!File.Exists(Path.Combine(place, ModelDirectory.ConfigurationFile)))
            {
                chain.Add(new Ancestor(place, parent.Fingerprint, null, AncestorState.Missing));
                break;
            }

            var state = ModelDirectory.Fingerprint(place) == parent.Fingerprint ? AncestorState.Intact : AncestorState.Changed;
            chain.Add(new Ancestor(place, parent.Fingerprint, Provenance.Load(place), state));
        }

        chain.Reverse();
        return chain;
    }

    /// <summary>Copies an ancestor to a new directory, as it was released.</summary>
    /// <param name="ancestor">The ancestor.</param>
    /// <param name="destination">A directory that does not exist yet.</param>
    /// <exception cref="CoppiceException">Its files are gone or changed, or the copy can't be made.</exception>
    public static void Restore(Ancestor ancestor, string destination)
    {
        if (ancestor.State != AncestorState.Intact)
            throw new CoppiceException($"{ancestor.Directory}: {(ancestor.State == AncestorState.Missing ? "is gone" : "holds other files than when its child was made")}; bring it back from a copy");
        if (Directory.Exists(destination)) throw CoppiceException.Usage($"{destination}: is there already; name another directory");
        destination = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        var temporary = destination + AtomicFile.TemporarySuffix;
        try
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            foreach (var file in Directory.GetFiles(ancestor.Directory, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(temporary, Path.GetRelativePath(ancestor.Directory, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            // Paths are relative to the directory: they must mean the same from the copy.
            if (ancestor.Provenance is { } provenance) Relocate(provenance, ancestor.Directory, destination).Save(temporary);
            Directory.Move(temporary, destination);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{destination}: can't be written: {error.Message}", inner: error);
        }
    }

    /// <summary>
    /// What each version made of each source: R[i, j] is bits per byte on source j after version i. A version that is gone, or a source that a version was
    /// not measured on, leaves a gap.
    /// </summary>
    /// <param name="chain">The chain.</param>
    /// <returns>The matrix; null where no version was measured on a source.</returns>
    public static VersionMatrix? Matrix(IReadOnlyList<Ancestor> chain)
    {
        var sources = new List<MatrixSource>();
        for (var version = 0; version < chain.Count; version++)
        {
            foreach (var source in chain[version].Provenance?.Sources ?? [])
            {
                if (source.HeldOut is not null && sources.All(known => known.Name != source.Name)) sources.Add(new MatrixSource(source.Name, version));
            }
        }

        if (sources.Count == 0) return null;
        return new VersionMatrix(sources, [.. chain.Select((ancestor, version) => (IReadOnlyList<double?>)[.. sources.Select(source => Measured(chain, version, source.Name))])]);
    }

    /// <summary>The best that any ancestor of a parent made of each source. The parent itself is measured anew in each update.</summary>
    /// <param name="parent">The parent of an update.</param>
    public static IReadOnlyDictionary<string, double> BestBeforeParent(ParentModel parent)
    {
        var chain = Read(parent.Directory);
        var best = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var name in parent.Sources.Select(source => source.Name))
        {
            var measured = Enumerable.Range(0, chain.Count - 1).Select(version => Measured(chain, version, name)).OfType<double>().ToList();
            if (measured.Count > 0) best[name] = measured.Min();
        }

        return best;
    }

    private static double? Measured(IReadOnlyList<Ancestor> chain, int version, string name)
    {
        // The update after a version measured it as it measured itself, and on what it was to learn too: numbers to compare with each other.
        var byChild = version + 1 < chain.Count ? SourceOf(version + 1)?.HeldOutBitsPerByteBefore : null;
        return byChild ?? SourceOf(version)?.HeldOutBitsPerByte;

        ProvenanceSource? SourceOf(int of) => chain[of].Provenance?.Sources.FirstOrDefault(source => source.Name == name);
    }

    private static Provenance Relocate(Provenance provenance, string from, string to) => provenance with
    {
        Parent = provenance.Parent is { } parent ? parent with { Path = Move(parent.Path, from, to)! } : null,
        Trunk = Move(provenance.Trunk, from, to),
        Merge = provenance.Merge is { } merge ? merge with { Base = Move(merge.Base, from, to), Models = [.. merge.Models.Select(model => Move(model, from, to))] } : null,
        Sources = [.. provenance.Sources.Select(source => source with { Store = Move(source.Store, from, to), HeldOut = Move(source.HeldOut, from, to) })],
    };

    private static MergedModel Move(MergedModel model, string from, string to) => model with { Path = Move(model.Path, from, to)! };

    private static string? Move(string? path, string from, string to) => path is null ? null : Provenance.RelativePath(to, Provenance.ResolvePath(from, path));
}
