using System.ComponentModel.DataAnnotations;

namespace Coppice.Continual.Recipes;

/// <summary>What protects old ability beside replay. All are off by default: see docs/updates.md for what each was seen to do.</summary>
public sealed record ProtectionSection
{
    /// <summary>Elastic weight consolidation: what the drift of a plain update would cost, in nats a token; 0 for none.</summary>
    [Range(0.0, 1e6)]
    public double EwcNats { get; init; }

    /// <summary>Sequences of old text that the Fisher information is estimated from.</summary>
    [Range(1, 1_000_000)]
    public int EwcSequences { get; init; } = 256;

    /// <summary>The weight of ½‖θ - θ₀‖² in the loss; 0 for none.</summary>
    [Range(0.0, 1e6)]
    public double L2 { get; init; }

    /// <summary>The share of the way back to the parent's weights that a step goes at a learning rate of 1, apart from the gradients; 0 for none.</summary>
    [Range(0.0, 1_000.0)]
    public double DecoupledL2 { get; init; }

    /// <summary>What the divergence from the parent on new tokens weighs; 0 for none.</summary>
    [Range(0.0, 1_000.0)]
    public double KlOnNew { get; init; }

    /// <summary>The temperature of divergences.</summary>
    [Range(0.0, 100.0, MinimumIsExclusive = true)]
    public double KlTemperature { get; init; } = 1;

    /// <summary>
    /// Interpolation of the updated weights with the parent's: <c>never</c>, <c>if_refused</c> (the nearest point to the update that passes the gate) or a
    /// <c>scan</c> in any case (the point that passes with the most gain).
    /// </summary>
    [AllowedValues("never", "if_refused", "scan")]
    public string Interpolate { get; init; } = "if_refused";
}
