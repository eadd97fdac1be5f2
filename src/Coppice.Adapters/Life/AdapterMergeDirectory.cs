using Coppice.Adapters.Directories;
using Coppice.Continual.Lineage;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>What merging an adapter into a model directory came to.</summary>
/// <param name="Output">The model directory.</param>
/// <param name="Base">The base's.</param>
/// <param name="Error">How far the merged model's logits are from those of base and adapter, against the largest.</param>
/// <param name="Tolerance">The largest error that is taken.</param>
/// <param name="Fingerprint"><see cref="ModelDirectory.Fingerprint"/> of the merged model.</param>
public sealed record AdapterMergeResult(string Output, string Base, double Error, double Tolerance, string Fingerprint);

/// <summary>What taking an adapter out again came to.</summary>
/// <param name="Output">The model directory.</param>
/// <param name="Exact">Whether it is the base to the bit; else it is the merged model less the adapter, which rounding keeps from being the same.</param>
/// <param name="Fingerprint"><see cref="ModelDirectory.Fingerprint"/> of it.</param>
public sealed record AdapterUnmergeResult(string Output, bool Exact, string Fingerprint);

/// <summary>Model directories with an adapter merged into them, which say in their <c>coppice.json</c> what they were made of.</summary>
public static class AdapterMergeDirectory
{
    private const string MethodName = "adapter";
    private const string Name = "merged";

    /// <summary>Merges an adapter into its base and writes the result, where it computes what both did.</summary>
    /// <param name="baseModel">The base's model directory.</param>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="output">The model directory to write: new or empty.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">The adapter is for another base, its method can't be merged, or the merged model computes something else; then nothing is written.</exception>
    public static AdapterMergeResult Write(string baseModel, string adapter, string output, Backend backend)
    {
        RefuseFilled(output);
        using var model = ModelDirectory.Load(baseModel, backend);
        using var set = new AdapterSet(model);
        AdapterBase.Load(adapter, baseModel, set, Name);
        var check = AdapterMergeCheck.Of(set, Name);
        if (!check.Passed)
            throw new CoppiceException(FormattableString.Invariant($"{adapter}: merged, logits would be off by {check.Error:G3} of the largest, and {AdapterMergeCheck.Tolerance:G3} is the most that rounding explains: nothing was written"));
        using var merged = AdapterMerge.Copy(set, Name);
        WriteModel(merged, baseModel, output);
        CopyHead(adapter, output);
        Describe(baseModel, adapter, output).Save(output);
        return new AdapterMergeResult(output, baseModel, check.Error, AdapterMergeCheck.Tolerance, ModelDirectory.Fingerprint(output));
    }

    /// <summary>
    /// Takes an adapter out of a model that <see cref="Write"/> made: a copy of the base, every bit of it, where that is still there; else the merged weights less the
    /// adapter's change.
    /// </summary>
    /// <param name="merged">The merged model's directory.</param>
    /// <param name="adapter">The adapter's directory; needed where the base is gone.</param>
    /// <param name="output">The model directory to write: new.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">No adapter was merged into the model, or the base is gone and the adapter's change can't be subtracted.</exception>
    public static AdapterUnmergeResult Undo(string merged, string? adapter, string output, Backend backend)
    {
        if (Provenance.Load(merged)?.Merge is not { Method: MethodName } merge) throw CoppiceException.Usage($"{merged}: no adapter was merged into it that it would know of");
        if (ModelLineage.Read(merged) is [.., var before, _] && before.State == AncestorState.Intact)
        {
            ModelLineage.Restore(before, output);
            return new AdapterUnmergeResult(output, Exact: true, ModelDirectory.Fingerprint(output));
        }

        var place = adapter ?? Provenance.ResolvePath(merged, merge.Models[0].Path);
        if (!AdapterDirectory.Exists(place)) throw CoppiceException.Usage($"{merged}: its base is gone, and the adapter is not at {place}: name the adapter that is to be taken out");
        if (FingerprintOf(place) != merge.Models[0].Fingerprint) throw new CoppiceException($"{place}: is another adapter than the one that was merged into {merged}");
        RefuseFilled(output);
        using var model = ModelDirectory.Load(merged, backend);
        using var set = new AdapterSet(model);
        var taken = AdapterDirectory.Load(place, set, Name);
        if (!taken.IsLinear) throw CoppiceException.Usage($"{merged}: its base is gone, and what '{taken.Method.Name}' made of the weights can't be subtracted: bring the base back");
        taken.Strength = -1;
        using var without = AdapterMerge.Copy(set, Name);
        WriteModel(without, merged, output);
        return new AdapterUnmergeResult(output, Exact: false, ModelDirectory.Fingerprint(output));
    }

    /// <summary>A checksum of what makes an adapter: its configuration and its values.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <exception cref="CoppiceException">It can't be read.</exception>
    public static string FingerprintOf(string adapter)
    {
        try
        {
            return Checksum.Of(string.Join('\n', new[] { AdapterDirectory.ConfigurationFile, AdapterDirectory.WeightsFile }.Select(name => $"{name} {Checksum.OfFile(Path.Combine(adapter, name))}")));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{adapter}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>Copies the head of a task, where an adapter has one beside it.</summary>
    /// <param name="from">The adapter's directory.</param>
    /// <param name="to">Another directory.</param>
    /// <returns>Whether there was one.</returns>
    public static bool CopyHead(string from, string to)
    {
        var head = Path.Combine(from, HeadFile.FileName);
        if (!File.Exists(head)) return false;
        AtomicFile.WriteBytes(Path.Combine(to, HeadFile.FileName), File.ReadAllBytes(head));
        return true;
    }

    private static void WriteModel(LanguageModel model, string like, string output)
    {
        ModelDirectory.Save(output, model);
        TokenizerFiles.Write(Tokenizer.Load(like), output, model.Configuration.MaxPositions, like);
    }

    private static Provenance Describe(string baseModel, string adapter, string output)
    {
        var known = Provenance.Load(baseModel);
        var ancestor = new MergedModel(Provenance.RelativePath(output, baseModel), ModelDirectory.Fingerprint(baseModel), null);
        var merged = new MergedModel(Provenance.RelativePath(output, adapter), FingerprintOf(adapter), 1);
        return new Provenance
        {
            Software = Provenance.ThisSoftware,
            Parent = new ProvenanceParent(ancestor.Path, ancestor.Fingerprint),
            Merge = new ProvenanceMerge(MethodName, Scale: 1, Density: null, Seed: 0, ancestor, [merged]),
            Training = known?.Training,
            Recipe = known?.Recipe ?? "",
            Tokenizer = Tokenizer.Load(baseModel).Fingerprint,
            Sources = [.. known?.Sources.Select(source => Moved(source, baseModel, output)) ?? []],
            Steps = known?.Steps ?? 0,
            Tokens = known?.Tokens ?? 0,
            Metrics = new Dictionary<string, double>(),
        };
    }

    // Paths are relative to the model's directory; and what was measured was the base.
    private static ProvenanceSource Moved(ProvenanceSource source, string from, string to)
    {
        string? Move(string? path) => path is null ? null : Provenance.RelativePath(to, Provenance.ResolvePath(from, path));
        return source with { Store = Move(source.Store), HeldOut = Move(source.HeldOut), HeldOutBitsPerByte = null };
    }

    private static void RefuseFilled(string output)
    {
        if (File.Exists(output)) throw CoppiceException.Usage($"{output}: is a file; name a folder for the model");
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()) throw CoppiceException.Usage($"{output}: is not empty; name another folder for the model");
    }
}
