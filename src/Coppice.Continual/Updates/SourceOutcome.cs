namespace Coppice.Continual.Updates;

/// <summary>What an update did to one source, in bits per byte of text that was kept apart from all training.</summary>
public sealed record SourceOutcome
{
    /// <summary>The source's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the update learned it.</summary>
    public required bool New { get; init; }

    /// <summary>Under the parent.</summary>
    public required double BitsPerByteBefore { get; init; }

    /// <summary>Under the updated model.</summary>
    public required double BitsPerByteAfter { get; init; }

    /// <summary>The worst that was measured from the start of the update to its end. Measured on a part of the text, and scaled to the whole by what the parent makes of both.</summary>
    public required double BitsPerByteWorst { get; init; }

    /// <summary>After the update against before it, in percent: positive is worse.</summary>
    public required double ChangePercent { get; init; }

    /// <summary>The lower end of the 95 % interval of the change, from documents drawn anew; null where there is one document only.</summary>
    public required double? Low { get; init; }

    /// <summary>The upper end.</summary>
    public required double? High { get; init; }

    /// <summary>The best of all released ancestors, the parent included; null for a new source.</summary>
    public required double? BestAncestorBitsPerByte { get; init; }
}
