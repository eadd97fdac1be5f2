using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// How rotary positions were stretched, so that a model reads longer texts than it was first trained on: <c>rope_scaling</c> of a <c>config.json</c>. Each kind gives
/// the pairs of a head other frequencies, and some multiply what is turned.
/// </summary>
public abstract record RotaryScaling
{
    /// <summary>Its name in a <c>config.json</c>: <c>rope_type</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>What turned queries and keys are multiplied with: the square of it multiplies the scores of attention.</summary>
    public virtual double Magnitude => 1;

    /// <summary>Texts of up to so many tokens have the first rows of the table of angles; longer ones have the rows behind them, all of their tokens.</summary>
    internal virtual int ShortPositions => int.MaxValue;

    /// <summary>The rows of the table of angles.</summary>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="rotarySize">How many values of a head turn.</param>
    /// <param name="rows">How many rows.</param>
    internal virtual IReadOnlyList<RotaryRows> Rows(double theta, int rotarySize, int rows) => [new RotaryRows(rows, Frequencies(theta, rotarySize))];

    /// <summary>By how much each pair turns from a position to the next, in radians: [rotary size / 2].</summary>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="rotarySize">How many values of a head turn.</param>
    internal abstract double[] Frequencies(double theta, int rotarySize);

    /// <summary>Writes what stands in <c>rope_scaling</c> beside the kind.</summary>
    internal abstract void WriteOptions(Utf8JsonWriter json);
}

/// <summary>All frequencies divided by a factor: positions between those that were trained.</summary>
/// <param name="Factor">By how much texts become longer.</param>
[Technique("position-interpolation", Title = "Extending Context Window of Large Language Models via Positional Interpolation", Paper = "arXiv:2306.15595")]
public sealed record LinearScaling(double Factor) : RotaryScaling
{
    internal const string Name = "linear";

    /// <inheritdoc/>
    public override string Kind => Name;

    internal override double[] Frequencies(double theta, int rotarySize) => [.. RotaryTable.Frequencies(theta, rotarySize).Select(frequency => frequency / Factor)];

    internal override void WriteOptions(Utf8JsonWriter json) => json.WriteNumber("factor", Factor);
}

/// <summary>
/// A base of the frequencies that grows with texts beyond the model's positions. Such texts are none here, and up to there nothing is scaled: what is kept is what the
/// file said.
/// </summary>
/// <param name="Factor">How fast it grows.</param>
public sealed record DynamicScaling(double Factor) : RotaryScaling
{
    internal const string Name = "dynamic";

    /// <inheritdoc/>
    public override string Kind => Name;

    internal override double[] Frequencies(double theta, int rotarySize) => RotaryTable.Frequencies(theta, rotarySize);

    internal override void WriteOptions(Utf8JsonWriter json) => json.WriteNumber("factor", Factor);
}
