using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters.Directories;

/// <summary>What a directory says of its adapter, without opening the base.</summary>
/// <param name="Method">The method.</param>
/// <param name="Rank">The rank of most targets; null for methods without one.</param>
/// <param name="Alpha">Alpha of most targets; null for methods without one.</param>
/// <param name="Targets">The last names of the modules that have values of it, in the order of the file.</param>
/// <param name="Parameters">Values in the file.</param>
/// <param name="Bytes">Bytes of its files: configuration, values and head.</param>
/// <param name="Base">The base as the files name it; null where they don't.</param>
/// <param name="BaseFingerprint">The fingerprint of the base that it was trained on; null where it is not known.</param>
/// <param name="BaseIs">What became of that base.</param>
/// <param name="Task">What the head beside it tells; null where there is none.</param>
/// <param name="Labels">The classes of that head.</param>
/// <param name="Warnings">What was overlooked.</param>
public sealed record AdapterSummary(
    string Method, int? Rank, double? Alpha, IReadOnlyList<string> Targets, long Parameters, long Bytes, string? Base, string? BaseFingerprint, BaseState BaseIs,
    HeadTask? Task, IReadOnlyList<string> Labels, IReadOnlyList<string> Warnings)
{
    private static readonly string[] Ranked = ["lora", "rslora", "dora", "vera"];

    /// <summary>Reads it.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <exception cref="CoppiceException">It is none, or can't be read.</exception>
    public static AdapterSummary Of(string directory)
    {
        var configuration = AdapterDirectory.ReadConfiguration(directory);
        var settings = configuration.Settings;
        var method = NameOf(settings);
        var hasRank = Ranked.Contains(method);
        var tensors = AdapterDirectory.ReadNames(directory);
        var trainedOn = Provenance.Load(directory)?.Parent;
        var head = HeadOf(directory);
        string[] files = [AdapterDirectory.ConfigurationFile, AdapterDirectory.WeightsFile, HeadFile.FileName];
        return new AdapterSummary(
            method,
            hasRank ? settings.Rank : null,
            hasRank && method != "vera" ? settings.Alpha : null,
            [.. tensors.Select(tensor => ModuleOf(tensor.Name)).Distinct()],
            tensors.Sum(tensor => tensor.Count),
            files.Select(name => new FileInfo(Path.Combine(directory, name))).Where(file => file.Exists).Sum(file => file.Length),
            trainedOn?.Path ?? configuration.BaseModel,
            trainedOn?.Fingerprint,
            StateOf(directory, trainedOn),
            head?.Task,
            head?.Labels ?? [],
            configuration.Warnings);
    }

    /// <summary>The name of a method; files have rsLoRA as LoRA with a key of its own.</summary>
    /// <param name="settings">An adapter's settings.</param>
    public static string NameOf(AdapterSettings settings) => settings is { Method: "lora", RankStabilized: true } ? "rslora" : settings.Method;

    private static BaseState StateOf(string directory, ProvenanceParent? trainedOn)
    {
        if (trainedOn is null) return BaseState.Unknown;
        var place = Provenance.ResolvePath(directory, trainedOn.Path);
        if (!File.Exists(Path.Combine(place, ModelDirectory.ConfigurationFile))) return BaseState.Missing;
        return ModelDirectory.Fingerprint(place) == trainedOn.Fingerprint ? BaseState.Intact : BaseState.Changed;
    }

    private static (HeadTask Task, IReadOnlyList<string> Labels)? HeadOf(string directory)
    {
        var path = Path.Combine(directory, HeadFile.FileName);
        if (!File.Exists(path)) return null;
        var description = HeadFile.ReadDescription(path);
        return (description.Task, description.Labels);
    }

    /// <summary>The last name of the module that a tensor belongs to: of <c>layers.0.q_proj.lora_A.weight</c> <c>q_proj</c>.</summary>
    private static string ModuleOf(string tensor)
    {
        var parts = tensor.Split('.');
        var own = Array.FindIndex(parts, part => part is "base_layer" || part.StartsWith("lora_", StringComparison.Ordinal) || part.StartsWith("vera_", StringComparison.Ordinal) || part.StartsWith("ia3_", StringComparison.Ordinal));
        return own > 0 ? parts[own - 1] : own == 0 || parts.Length < 2 ? tensor : parts[^2];
    }
}

/// <summary>What became of the base that an adapter was trained on.</summary>
public enum BaseState
{
    /// <summary>The adapter doesn't say what it was trained on.</summary>
    Unknown,

    /// <summary>It is where it was, as it was.</summary>
    Intact,

    /// <summary>Another model is in its place.</summary>
    Changed,

    /// <summary>There is none in its place.</summary>
    Missing,
}
