namespace Coppice.Foundation;

/// <summary>Marks a type that implements a published technique. Feeds the list of techniques, so that it can't drift from the code.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method, AllowMultiple = true)]
public sealed class TechniqueAttribute : Attribute
{
    /// <summary>Names the technique.</summary>
    /// <param name="name">The short name under which the field knows it, and recipes use it.</param>
    public TechniqueAttribute(string name) => Name = name;

    /// <summary>The short name under which the field knows it.</summary>
    public string Name { get; }

    /// <summary>The title of the source.</summary>
    public required string Title { get; init; }

    /// <summary>Where the source is found, such as <c>arXiv:1711.05101</c>.</summary>
    public required string Paper { get; init; }
}
