namespace Coppice.Corpus;

/// <summary>One text with what is known about it. Immutable: a step that rewrites a document makes another one.</summary>
/// <param name="Id">A name inside the source: the field <c>id</c>, a path relative to the input, a member's name.</param>
/// <param name="Text">The text, byte for byte as it was read (never trimmed).</param>
/// <param name="Source">Where the text comes from: what mixtures, reports and per-source losses are counted by.</param>
public sealed record Document(string Id, string Text, string Source)
{
    /// <summary>The title, or null where it is not known.</summary>
    public string? Title { get; init; }

    /// <summary>The address it was published at, or null where it is not known.</summary>
    public string? Url { get; init; }

    /// <summary>The date as the source wrote it, such as <c>2024-06-30</c>, or null where it is not known.</summary>
    public string? Date { get; init; }

    /// <summary>The language's code, such as <c>de</c>, or null where it is not known.</summary>
    public string? Language { get; init; }

    /// <summary>The licence's name, such as <c>CC0-1.0</c>, or null where it is not known.</summary>
    public string? Licence { get; init; }

    /// <summary>
    /// What <see cref="Text"/> is before extraction, such as <c>text/html</c>; null where it is plain text already. Extraction is a step and not the reader's work,
    /// because it is slow and documents can be divided among threads.
    /// </summary>
    public string? MediaType { get; init; }

    /// <summary>What a scorer made of it; null where none did.</summary>
    public double? Score { get; init; }

    /// <summary>How many documents of the raw text it stands for: itself, and the duplicates that were dropped for it.</summary>
    public long Copies { get; init; } = 1;

    /// <summary>How often training should see it in proportion to the others.</summary>
    public double Weight { get; init; } = 1;
}
