using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// Slow pairs are slowed down by a factor, quick ones stay as they are, and between the two it goes over by the number of the pair; attention becomes a little
/// sharper.
/// </summary>
/// <param name="Factor">By how much texts become longer.</param>
/// <param name="OriginalPositions">The longest text of the first training.</param>
[Technique("yarn", Title = "YaRN: Efficient Context Window Extension of Large Language Models", Paper = "arXiv:2309.00071")]
public sealed record YarnScaling(double Factor, int OriginalPositions) : RotaryScaling
{
    internal const string Name = "yarn";

    /// <summary>The default of <see cref="FastTurns"/>.</summary>
    internal const double DefaultFastTurns = 32;

    /// <summary>The default of <see cref="SlowTurns"/>.</summary>
    internal const double DefaultSlowTurns = 1;

    /// <inheritdoc/>
    public override string Kind => Name;

    /// <summary>What is turned is multiplied with this; null for what follows from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Pairs that turn more often than this in the first training's texts stay as they are (<c>beta_fast</c>).</summary>
    public double FastTurns { get; init; } = DefaultFastTurns;

    /// <summary>Pairs that turn less often are slowed down by all of the factor (<c>beta_slow</c>).</summary>
    public double SlowTurns { get; init; } = DefaultSlowTurns;

    /// <summary>0, or how much of the factor's logarithm the magnitude has (<c>mscale</c>); with <see cref="MagnitudeOfAll"/>.</summary>
    public double MagnitudeScale { get; init; }

    /// <summary>0, or how much of it the magnitude is divided by (<c>mscale_all_dim</c>).</summary>
    public double MagnitudeOfAll { get; init; }

    /// <summary>Whether the first and the last pair between the two are whole numbers.</summary>
    public bool Truncate { get; init; } = true;

    /// <inheritdoc/>
    public override double Magnitude => AttentionFactor
        ?? (MagnitudeScale != 0 && MagnitudeOfAll != 0 ? MagnitudeOf(Factor, MagnitudeScale) / MagnitudeOf(Factor, MagnitudeOfAll) : MagnitudeOf(Factor, 1));

    /// <summary>Whether it goes over where the paper does.</summary>
    internal bool IsUsual => (FastTurns, SlowTurns, Truncate) == (DefaultFastTurns, DefaultSlowTurns, true);

    /// <summary>The magnitude that the paper found for a factor.</summary>
    internal static double MagnitudeOf(double factor, double scale) => factor <= 1 ? 1 : 0.1 * scale * Math.Log(factor) + 1;

    internal override double[] Frequencies(double theta, int rotarySize)
    {
        var (first, last) = (PairOf(FastTurns, theta, rotarySize), PairOf(SlowTurns, theta, rotarySize));
        if (Truncate) (first, last) = (Math.Floor(first), Math.Ceiling(last));
        (first, last) = (Math.Max(first, 0), Math.Min(last, rotarySize - 1));
        if (first == last) last += 0.001;
        return
        [
            .. RotaryTable.Frequencies(theta, rotarySize).Select((frequency, pair) =>
            {
                var slowed = Math.Clamp((pair - first) / (last - first), 0, 1);
                return (slowed / Factor + 1 - slowed) * frequency;
            }),
        ];
    }

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteNumber("factor", Factor);
        json.WriteNumber("original_max_position_embeddings", OriginalPositions);
        if (AttentionFactor is { } attention) json.WriteNumber("attention_factor", attention);
        if (FastTurns != DefaultFastTurns) json.WriteNumber("beta_fast", FastTurns);
        if (SlowTurns != DefaultSlowTurns) json.WriteNumber("beta_slow", SlowTurns);
        if (MagnitudeScale != 0) json.WriteNumber("mscale", MagnitudeScale);
        if (MagnitudeOfAll != 0) json.WriteNumber("mscale_all_dim", MagnitudeOfAll);
        if (!Truncate) json.WriteBoolean("truncate", false);
    }

    /// <summary>The number, with a fraction, of the pair that turns so often in a text of the first training.</summary>
    private double PairOf(double turns, double theta, int rotarySize) => rotarySize * Math.Log(OriginalPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
}
