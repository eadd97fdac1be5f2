using Coppice.Continual.Surgery.Methods;
using Coppice.Foundation;

namespace Coppice.Continual.Surgery;

/// <summary>The methods of merging by their names. A new one is one more file and one more line here.</summary>
public static class MergeRegistry
{
    private static readonly Dictionary<string, Entry> ByName = new(StringComparer.Ordinal)
    {
        ["linear"] = new(_ => new LinearInterpolation()),
        ["task_arithmetic"] = new(settings => new TaskArithmetic(settings.Scale), Scale: true),
        ["ties"] = new(settings => new Ties(settings.Scale, settings.Density ?? Ties.UsualDensity, settings.Sign), Scale: true, Density: true),
        ["dare"] = new(settings => new Dare(settings.Scale, settings.Density ?? Dare.UsualDensity, settings.Seed), Scale: true, Density: true, Seed: true),
        ["slerp"] = new(_ => new Slerp()),
        ["delta"] = new(settings => new DeltaTransfer(settings.Scale), Scale: true),
    };

    /// <summary>The names that are known.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>Creates a method.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">What it can be told.</param>
    /// <exception cref="CoppiceException">The name is not known, or a setting is out of range (exit code 2).</exception>
    public static IMergeMethod Create(string name, MergeSettings settings)
    {
        if (!double.IsFinite(settings.Scale)) throw CoppiceException.Usage("the scale of a merge must be a finite number");
        if (settings.Density is <= 0 or > 1 or double.NaN) throw CoppiceException.Usage("the density of a merge must be more than 0 and at most 1");
        return Find(name).Create(settings);
    }

    /// <summary>Whether a method reads <see cref="MergeSettings.Scale"/>.</summary>
    /// <param name="name">Its name.</param>
    public static bool HasScale(string name) => Find(name).Scale;

    /// <summary>Whether a method reads <see cref="MergeSettings.Density"/>.</summary>
    /// <param name="name">Its name.</param>
    public static bool HasDensity(string name) => Find(name).Density;

    /// <summary>Whether a method reads <see cref="MergeSettings.Seed"/>.</summary>
    /// <param name="name">Its name.</param>
    public static bool HasSeed(string name) => Find(name).Seed;

    private static Entry Find(string name) => ByName.TryGetValue(name, out var entry)
        ? entry
        : throw CoppiceException.Usage($"unknown method of merging '{name}'{NearestName.Hint(name, Names)} (known: {string.Join(", ", Names)})");

    private sealed record Entry(Func<MergeSettings, IMergeMethod> Create, bool Scale = false, bool Density = false, bool Seed = false);
}
