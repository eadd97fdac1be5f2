using Coppice.Continual.Recipes;

namespace Coppice.Continual.Updates;

/// <summary>What an update is asked to do.</summary>
public sealed record UpdateRequest
{
    /// <summary>The recipe, with parent and new text.</summary>
    public required UpdateRecipe Recipe { get; init; }

    /// <summary>The directory that takes everything the update writes.</summary>
    public required string Directory { get; init; }

    /// <summary>Go on from the latest checkpoint in the directory, or begin where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>Receives lines about the stages, for people.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Receives lines that only help to look into the update.</summary>
    public Action<string> Detail { get; init; } = _ => { };
}
