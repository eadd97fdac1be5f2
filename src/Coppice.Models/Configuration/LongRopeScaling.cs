using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// A divisor for the frequency of each pair, found by a search: one set of them for texts as long as those of the first training, another for longer ones (Phi-3 with 128k).
/// </summary>
/// <param name="ShortDivisors">Of texts of up to <paramref name="OriginalPositions"/> tokens: [rotary size / 2].</param>
/// <param name="LongDivisors">Of longer texts, for all of their tokens.</param>
/// <param name="OriginalPositions">The longest text of the first training; at least 2.</param>
/// <param name="Factor">By how much texts become longer; the magnitude follows from it.</param>
[Technique("longrope", Title = "LongRoPE: Extending LLM Context Window Beyond 2 Million Tokens", Paper = "arXiv:2402.13753")]
public sealed record LongRopeScaling(IReadOnlyList<double> ShortDivisors, IReadOnlyList<double> LongDivisors, int OriginalPositions, double Factor) : RotaryScaling
{
    internal const string Name = "longrope";

    /// <inheritdoc/>
    public override string Kind => Name;

    /// <summary>What is turned is multiplied with this; null for what follows from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <inheritdoc/>
    public override double Magnitude => AttentionFactor ?? (Factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(Factor) / Math.Log(OriginalPositions)));

    /// <summary>Whether the length of a text changes nothing.</summary>
    internal bool IsOne => ShortDivisors.SequenceEqual(LongDivisors);

    internal override int ShortPositions => IsOne ? int.MaxValue : OriginalPositions;

    /// <summary>Two are equal that have the same numbers.</summary>
    /// <param name="other">The other one.</param>
    public bool Equals(LongRopeScaling? other) => other is not null && ShortDivisors.SequenceEqual(other.ShortDivisors) && LongDivisors.SequenceEqual(other.LongDivisors)
        && (OriginalPositions, Factor, AttentionFactor) == (other.OriginalPositions, other.Factor, other.AttentionFactor);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ShortDivisors.Count, OriginalPositions, Factor, AttentionFactor);

    internal override IReadOnlyList<RotaryRows> Rows(double theta, int rotarySize, int rows)
    {
        var few = Math.Min(rows, ShortPositions);
        var shortRows = new RotaryRows(few, Divided(theta, rotarySize, ShortDivisors));
        return rows == few ? [shortRows] : [shortRows, new RotaryRows(rows - few, Divided(theta, rotarySize, LongDivisors))];
    }

    internal override double[] Frequencies(double theta, int rotarySize) => Divided(theta, rotarySize, ShortDivisors);

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        WriteList("short_factor", ShortDivisors);
        WriteList("long_factor", LongDivisors);
        if (AttentionFactor is { } attention) json.WriteNumber("attention_factor", attention);

        void WriteList(string key, IReadOnlyList<double> values)
        {
            json.WriteStartArray(key);
            foreach (var value in values) json.WriteNumberValue(value);
            json.WriteEndArray();
        }
    }

    private static double[] Divided(double theta, int rotarySize, IReadOnlyList<double> divisors) =>
        [.. RotaryTable.Frequencies(theta, rotarySize).Select((frequency, pair) => frequency / divisors[pair])];
}
