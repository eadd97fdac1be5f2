namespace Coppice.Continual.Surgery;

/// <summary>The values of one parameter in the base and in the models, all of one shape.</summary>
/// <param name="name">The parameter's name.</param>
/// <param name="ancestor">The values of the base.</param>
/// <param name="models">The values of each model.</param>
/// <param name="weights">The weight of each model.</param>
public sealed class MergeInput(string name, ReadOnlyMemory<float> ancestor, IReadOnlyList<ReadOnlyMemory<float>> models, IReadOnlyList<double> weights)
{
    /// <summary>The parameter's name.</summary>
    public string Name => name;

    /// <summary>The values of the base.</summary>
    public ReadOnlySpan<float> Base => ancestor.Span;

    /// <summary>The number of models.</summary>
    public int ModelCount => models.Count;

    /// <summary>The weight of each model.</summary>
    public IReadOnlyList<double> Weights => weights;

    /// <summary>The values of a model.</summary>
    /// <param name="index">Which one.</param>
    public ReadOnlySpan<float> Model(int index) => models[index].Span;

    /// <summary>How far a value of a model is from the base's.</summary>
    /// <param name="model">Which model.</param>
    /// <param name="index">Which value.</param>
    public double Delta(int model, int index) => (double)models[model].Span[index] - ancestor.Span[index];

    /// <summary>
    /// base + Σ c_i (model_i - base) for one value, in double precision, rounded once. Written as a weighted sum of the values themselves, so that one
    /// model with a coefficient of 1 comes out bit for bit, and the base where all are 0.
    /// </summary>
    /// <param name="index">Which value.</param>
    /// <param name="coefficients">A coefficient for each model.</param>
    public float Mix(int index, ReadOnlySpan<double> coefficients)
    {
        var left = 1.0;
        foreach (var coefficient in coefficients) left -= coefficient;
        // A sum that begins with 0 would lose the sign of a zero, and 0 times infinity is no number.
        double? sum = left == 0 ? null : left * ancestor.Span[index];
        for (var i = 0; i < coefficients.Length; i++)
        {
            if (coefficients[i] == 0) continue;
            var part = coefficients[i] * models[i].Span[index];
            sum = sum is { } before ? before + part : part;
        }

        return (float)(sum ?? ancestor.Span[index]);
    }
}
