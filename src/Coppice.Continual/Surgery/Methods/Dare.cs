using System.Globalization;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>
/// Drop and rescale: each difference from the base is kept with a probability d and divided by d, so that its mean stays; then base + λ Σ w_i δ_i.
/// What is dropped depends on the seed, the parameter's name, the model's place and the value's, on nothing else.
/// </summary>
/// <param name="scale">λ.</param>
/// <param name="density">d; the paper writes the probability of dropping, 1 - d.</param>
/// <param name="seed">Decides what is dropped.</param>
[Technique("dare", Title = "Language Models are Super Mario: Absorbing Abilities from Homologous Models as a Free Lunch", Paper = "arXiv:2311.03099")]
public sealed class Dare(double scale, double density, ulong seed) : IMergeMethod
{
    /// <summary>The density of most of the paper's experiments.</summary>
    public const double UsualDensity = 0.1;

    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given) => MergeWeights.GivenOr(1, models, given);

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        var random = Enumerable.Range(0, input.ModelCount).Select(model => new Philox(seed, Stream(input.Name, model))).ToArray();
        double[] coefficients = new double[input.ModelCount];
        for (var i = 0; i < destination.Length; i++)
        {
            for (var model = 0; model < coefficients.Length; model++)
            {
                coefficients[model] = random[model].UniformDouble((ulong)i) < density ? scale * input.Weights[model] / density : 0;
            }

            destination[i] = input.Mix(i, coefficients);
        }
    }

    private static ulong Stream(string name, int model) =>
        ulong.Parse(Checksum.Of(string.Create(CultureInfo.InvariantCulture, $"{model} {name}")).AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
