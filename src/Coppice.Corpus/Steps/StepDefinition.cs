using System.Reflection;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>A step that recipes can name, and how it is made of the options they give it.</summary>
/// <param name="Name">The name in recipes, such as <c>gopher-quality</c>.</param>
/// <param name="Summary">What it does, in one line.</param>
/// <param name="Why">What it is good for, whose rule it is, and why its defaults are what they are.</param>
/// <param name="Type">The step's type, which tells the published techniques it implements.</param>
/// <param name="Make">
/// Makes the step, an <see cref="IDocumentStep"/> or an <see cref="ICorpusStep"/>, of its options. It reads every option it has before it does anything with one:
/// what it reads is what <c>coppice corpus steps</c> lists.
/// </param>
public sealed record StepDefinition(string Name, string Summary, string Why, Type Type, Func<StepOptions, object> Make)
{
    /// <summary>Defines a step.</summary>
    /// <typeparam name="TStep">Its type.</typeparam>
    /// <param name="name">The name in recipes.</param>
    /// <param name="summary">What it does, in one line.</param>
    /// <param name="why">What it is good for, whose rule it is, and why its defaults are what they are.</param>
    /// <param name="make">Makes it of its options; it reads every option before it does anything with one.</param>
    public static StepDefinition Of<TStep>(string name, string summary, string why, Func<StepOptions, TStep> make)
        where TStep : class => new(name, summary, why, typeof(TStep), make);

    /// <summary>Makes the step.</summary>
    /// <param name="options">Its options.</param>
    /// <returns>An <see cref="IDocumentStep"/> or an <see cref="ICorpusStep"/>.</returns>
    /// <exception cref="CoppiceException">An option is not known, of the wrong type or out of range (exit code 2).</exception>
    public object Create(StepOptions options)
    {
        var step = Make(options);
        options.RequireKnown();
        return step is IDocumentStep or ICorpusStep ? step : throw new InvalidOperationException($"{Name}: a {step.GetType()} is no step");
    }

    /// <summary>The options it has, and the published techniques it implements.</summary>
    public StepDescription Describe()
    {
        var options = StepOptions.ForDescription(Name);
        try
        {
            Make(options);
        }
        catch (CoppiceException)
        {
            // A step that opens a file has none to open here. Its options are read by then.
        }

        return new StepDescription(Name, Summary, Why, options.Declared, [.. Type.GetCustomAttributes<TechniqueAttribute>()]);
    }
}

/// <summary>A step as it is listed.</summary>
/// <param name="Name">The name in recipes.</param>
/// <param name="Summary">What it does, in one line.</param>
/// <param name="Why">What it is good for, whose rule it is, and why its defaults are what they are.</param>
/// <param name="Options">What it can be told, in the order it reads them.</param>
/// <param name="Techniques">The published techniques it implements.</param>
public sealed record StepDescription(string Name, string Summary, string Why, IReadOnlyList<StepOption> Options, IReadOnlyList<TechniqueAttribute> Techniques);

/// <summary>An option of a step.</summary>
/// <param name="Key">Its key, in snake_case.</param>
/// <param name="Value">The value it has: the default, where a step is only described; null where it must be given.</param>
/// <param name="Allowed">What it can be, in words.</param>
/// <param name="Items">Its values where it is a list.</param>
public sealed record StepOption(string Key, string? Value, string Allowed, IReadOnlyList<string>? Items = null);
