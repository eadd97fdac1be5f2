using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>The text.</summary>
public sealed record DataSection
{
    /// <summary>Where the text comes from. May be empty where the texts are named elsewhere, such as on the command line.</summary>
    public ValueList<SourceSection> Sources { get; init; } = [];

    /// <summary>The field that holds the text in files of records (JSONL), unless a source names its own.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>How the sources are mixed, beyond their weights. For pre-training.</summary>
    public MixtureSection Mixture { get; init; } = new();

    /// <summary>What is kept apart to measure on.</summary>
    public ValidationSection Validation { get; init; } = new();
}

/// <summary>One source of text in the mixture.</summary>
public sealed record SourceSection
{
    private static readonly string[] Endings = [".gz", ".jsonl", ".txt", ".md"];

    /// <summary>The name under which reports show it; empty means that of its first file or folder, without what says how it is stored.</summary>
    public string Name { get; init; } = "";

    /// <summary>Files, folders and globs, relative to the current directory.</summary>
    public ValueList<string> Paths { get; init; } = [];

    /// <summary>The source's share of the mixture relative to the other sources' weights.</summary>
    [Range(0.0, 1e9, MinimumIsExclusive = true)]
    public double Weight { get; init; } = 1;

    /// <summary>How often the source may be gone through at most; 0 means data.mixture.max_epochs. For pre-training.</summary>
    [Range(0.0, 1e9)]
    public double MaxEpochs { get; init; }

    /// <summary>How many tokens of the source may be trained on at most, repeated ones counted again; 0 means any number. For pre-training.</summary>
    [Range(0L, 1e18)]
    public long MaxTokens { get; init; }

    /// <summary>The field that holds the text in files of records; empty means data.text_field.</summary>
    public string Field { get; init; } = "";

    /// <summary>The name, given or found. The same text has the same name in every run, so that an update notices what its parent knows already.</summary>
    /// <returns>The name.</returns>
    public string GetName()
    {
        if (Name.Length > 0 || Paths.Count == 0) return Name;
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Paths[0]));
        foreach (var ending in Endings)
        {
            if (name.Length > ending.Length && name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) name = name[..^ending.Length];
        }

        return name;
    }
}

/// <summary>What is kept apart from training to measure on.</summary>
public sealed record ValidationSection
{
    /// <summary>Which part is kept apart.</summary>
    public ValidationSplit Split { get; init; } = ValidationSplit.Documents;

    /// <summary>How much is kept apart.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Share { get; init; } = 0.05;
}

/// <summary>Which part of the text is kept apart to measure on.</summary>
public enum ValidationSplit
{
    /// <summary>Whole documents, chosen by their content, so that the choice doesn't depend on their order.</summary>
    Documents,

    /// <summary>The end of the text, as is usual for a corpus of one document.</summary>
    Tail,

    /// <summary>None: nothing is measured.</summary>
    None,
}
