using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>A step of a recipe with its options.</summary>
/// <param name="Step">An <see cref="IDocumentStep"/> or an <see cref="ICorpusStep"/>.</param>
/// <param name="Options">The options it was made of, every one with its value.</param>
/// <param name="NamedFiles">Files whose content belongs to its configuration.</param>
public sealed record ConfiguredStep(object Step, IReadOnlyList<StepOption> Options, IReadOnlyList<string> NamedFiles)
{
    /// <summary>A step without options.</summary>
    /// <param name="step">The step.</param>
    public static ConfiguredStep Of(IDocumentStep step) => new(step, [], []);

    /// <summary>A step without options.</summary>
    /// <param name="step">The step.</param>
    public static ConfiguredStep Of(ICorpusStep step) => new(step, [], []);

    /// <summary>The name that recipes have for the step with these options; it may tell more than the step's own.</summary>
    public string Name { get; init; } = Step is ICorpusStep corpusStep ? corpusStep.Name : ((IDocumentStep)Step).Name;

    /// <summary>Whether documents must come to the step in order, or all of them before it decides: what it decides is then carried out by the stage after it.</summary>
    internal bool EndsStage => Step is ICorpusStep or IDocumentStep { IsOrdered: true };
}

/// <summary>A step as a recipe names it.</summary>
/// <param name="Name">The step's name.</param>
/// <param name="Values">The options that are given, as text; a single value is a list of one.</param>
/// <param name="Where">What messages call the place where it was written, or null.</param>
public sealed record NamedStep(string Name, IReadOnlyDictionary<string, IReadOnlyList<string>> Values, string? Where = null)
{
    /// <summary>A step with its defaults but for some options.</summary>
    /// <param name="name">The step's name.</param>
    /// <param name="options">The options with their values.</param>
    public static NamedStep Of(string name, params IEnumerable<(string Key, string Value)> options) =>
        new(name, options.ToDictionary(option => option.Key, option => (IReadOnlyList<string>)[option.Value]));
}

/// <summary>What is done to documents: steps in their order.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Steps">The steps.</param>
public sealed record CurationRecipe(string Name, IReadOnlyList<ConfiguredStep> Steps)
{
    /// <summary>Makes a recipe of steps by name.</summary>
    /// <param name="name">What reports call it.</param>
    /// <param name="steps">The steps.</param>
    /// <param name="known">The steps there are; null for <see cref="CurationSteps.All"/>.</param>
    /// <exception cref="CoppiceException">A step or an option is not known or wrong (exit code 2).</exception>
    public static CurationRecipe Of(string name, IEnumerable<NamedStep> steps, IReadOnlyList<StepDefinition>? known = null) => new(name, [.. steps.Select(step => Create(step, name, known))]);

    private static ConfiguredStep Create(NamedStep named, string recipe, IReadOnlyList<StepDefinition>? known)
    {
        var where = named.Where ?? recipe;
        var options = new StepOptions($"{where}: {named.Name}", named.Values);
        var step = CurationSteps.Get(named.Name, where, known).Create(options);
        return new ConfiguredStep(step, options.Declared, options.NamedFiles) { Name = named.Name };
    }
}
