namespace Coppice.Corpus.Tests.Planted;

/// <summary>A document of the planted corpus, and what should become of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Source">Where its text is from.</param>
/// <param name="Kind">What was planted in it; <see cref="Clean"/> for nothing.</param>
/// <param name="Text">The text.</param>
internal sealed record PlantedDocument(string Id, string Source, string Kind, string Text)
{
    public const string Clean = "clean";

    /// <summary>Whether no part of it is worth keeping: any step may drop it.</summary>
    public bool IsJunk { get; init; }

    /// <summary>The only step that should drop it, where one should.</summary>
    public string? DropsIt { get; init; }

    /// <summary>The id of the document that it is nearly the same as: one of the two should go.</summary>
    public string? NearlyThe { get; init; }

    /// <summary>The text that it should have in the end.</summary>
    public string Expected { get; init; } = Text;

    /// <summary>What was planted in places of its text.</summary>
    public IReadOnlyList<PlantedThing> Things { get; init; } = [];

    /// <summary>Whether it should be in the corpus in the end; of near duplicates, one of two should.</summary>
    public bool Stays => !IsJunk && DropsIt is null && NearlyThe is null;

    /// <summary>Whether a step is right to drop it.</summary>
    public bool IsRightlyDroppedBy(string step) => IsJunk || DropsIt == step;
}

/// <summary>Something in a text that should be masked or removed.</summary>
/// <param name="What">What it is.</param>
/// <param name="Value">It.</param>
/// <param name="Expected">What should stand in its place, with some of the text around it.</param>
internal readonly record struct PlantedThing(string What, string Value, string Expected);
