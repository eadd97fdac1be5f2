using Xunit;

namespace Coppice.Testing;

/// <summary>A test that needs optional data and is skipped, with the reason, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataFactAttribute : FactAttribute
{
    /// <summary>Needs a file or folder of the optional data.</summary>
    /// <param name="needs">The path relative to <c>../shared</c>.</param>
    public SharedDataFactAttribute(string needs)
    {
        if (!SharedData.Has(needs)) Skip = $"needs ../shared/{needs}, which is not here";
    }
}

/// <summary>A theory that needs optional data and is skipped, with the reason, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    /// <summary>Needs a file or folder of the optional data.</summary>
    /// <param name="needs">The path relative to <c>../shared</c>.</param>
    public SharedDataTheoryAttribute(string needs)
    {
        if (!SharedData.Has(needs)) Skip = $"needs ../shared/{needs}, which is not here";
    }
}
