using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// Pairs that turn slowly over the texts of the first training are slowed down by a factor, quick ones stay as they are, and between the two it goes over by how often they
/// turn.
/// </summary>
/// <param name="Factor">By how much texts become longer.</param>
/// <param name="LowFrequencyFactor">A pair that turns less often than this in the first training's texts is slowed down by all of the factor.</param>
/// <param name="HighFrequencyFactor">One that turns more often than this stays as it is.</param>
/// <param name="OriginalPositions">The longest text of the first training.</param>
[Technique("llama-3-rope", Title = "The Llama 3 Herd of Models", Paper = "arXiv:2407.21783")]
public sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalPositions) : RotaryScaling
{
    internal const string Name = "llama3";

    /// <inheritdoc/>
    public override string Kind => Name;

    internal override double[] Frequencies(double theta, int rotarySize) => [.. RotaryTable.Frequencies(theta, rotarySize).Select(Scaled)];

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteNumber("factor", Factor);
        json.WriteNumber("low_freq_factor", LowFrequencyFactor);
        json.WriteNumber("high_freq_factor", HighFrequencyFactor);
        json.WriteNumber("original_max_position_embeddings", OriginalPositions);
    }

    private double Scaled(double frequency)
    {
        var turns = OriginalPositions * frequency / (2 * Math.PI);
        var kept = Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
        return ((1 - kept) / Factor + kept) * frequency;
    }
}
