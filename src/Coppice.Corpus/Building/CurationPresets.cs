using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>A recipe that comes with the program.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it is, in one line.</param>
/// <param name="Steps">Its steps.</param>
public sealed record CurationPreset(string Name, string Summary, IReadOnlyList<NamedStep> Steps);

/// <summary>The recipes that come with the program.</summary>
public static class CurationPresets
{
    /// <summary>The one that is taken where none is named.</summary>
    public const string Default = "minimal";

    /// <summary>Every preset.</summary>
    public static IReadOnlyList<CurationPreset> All { get; } =
    [
        new(Default, "drops documents that are empty or there twice", [NamedStep.Of("extract"), NamedStep.Of("empty"), NamedStep.Of("exact-duplicates")]),
        new(
            "own-text",
            "for documents of your own: repairs characters, drops copies and near copies, masks what is personal",
            [NamedStep.Of("extract"), NamedStep.Of("unicode-repair"), NamedStep.Of("empty"), NamedStep.Of("exact-documents"), NamedStep.Of("minhash"), NamedStep.Of("pii-mask")]),
        new(
            "fineweb",
            "for pages of the web in English, as FineWeb was made (arXiv:2406.17557) but for its list of addresses",
            [
                NamedStep.Of("extract"), NamedStep.Of("language", ("languages", "en")), NamedStep.Of("gopher-repetition"), NamedStep.Of("gopher-quality"),
                NamedStep.Of("c4", ("terminal_punctuation", "false")), NamedStep.Of("fineweb-quality"), NamedStep.Of("minhash-fineweb"), NamedStep.Of("pii-mask"),
            ]),
    ];

    /// <summary>The recipe of a name.</summary>
    /// <param name="name">The preset's name.</param>
    /// <exception cref="CoppiceException">There is none: the message names the nearest (exit code 2).</exception>
    public static CurationRecipe Get(string name)
    {
        var preset = All.FirstOrDefault(preset => preset.Name == name)
            ?? throw CoppiceException.Usage($"'{name}' is not a preset{NearestName.Hint(name, All.Select(preset => preset.Name))}; known are {string.Join(", ", All.Select(preset => preset.Name))}");
        return CurationRecipe.Of(preset.Name, preset.Steps);
    }
}
