using Coppice.Continual.Gates;
using Coppice.Evaluation;

namespace Coppice.Continual.Updates;

/// <summary>What an update gave.</summary>
public sealed record UpdateResult
{
    /// <summary>Whether the gate let the updated model pass.</summary>
    public required bool Accepted { get; init; }

    /// <summary>The released model's directory: the updated one, or the parent's where the gate refused it; the latest checkpoint's where the update was interrupted.</summary>
    public required string Model { get; init; }

    /// <summary>Where the refused model lies; null where it was released.</summary>
    public string? Candidate { get; init; }

    /// <summary>Steps done.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens trained on, old and new.</summary>
    public required long Tokens { get; init; }

    /// <summary>Time of the training.</summary>
    public required double Seconds { get; init; }

    /// <summary>Each source, old ones first.</summary>
    public required IReadOnlyList<SourceOutcome> Sources { get; init; }

    /// <summary>What the gate said; null where the update was interrupted.</summary>
    public GateVerdict? Verdict { get; init; }

    /// <summary>The share of old tokens.</summary>
    public double ReplayShare { get; init; }

    /// <summary>How the share was found by trials; null where it was given or followed from the shift.</summary>
    public FittedShare? FittedShare { get; init; }

    /// <summary>The weight of the divergence from the parent on replayed tokens.</summary>
    public double KlWeight { get; init; }

    /// <summary>How far the new text lies from the old; null without old text.</summary>
    public Shift? Shift { get; init; }

    /// <summary>The updated weights' share in the release; less than 1 where it lies between parent and update.</summary>
    public double ChildWeight { get; init; } = 1;

    /// <summary>On the minimal pairs that were given.</summary>
    public Flips? Flips { get; init; }

    /// <summary>On the facts that were given.</summary>
    public FactChanges? Facts { get; init; }

    /// <summary>The user stopped it, with everything saved.</summary>
    public bool Interrupted { get; init; }
}
