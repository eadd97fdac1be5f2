using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A parameter before it exists.</summary>
/// <param name="Name">As Hugging Face names it.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Initial">Its initial values.</param>
public sealed record ParameterPlan(string Name, Shape Shape, Initial Initial);

/// <summary>Initial values: normally distributed around 0, or one value everywhere.</summary>
/// <param name="StandardDeviation">Of the normal distribution; 0 for a constant.</param>
/// <param name="Constant">The constant.</param>
public readonly record struct Initial(float StandardDeviation, float Constant)
{
    private const int ChunkValues = 4096;

    /// <summary>All zeros.</summary>
    public static Initial Zeros => new(0, 0);

    /// <summary>All ones.</summary>
    public static Initial Ones => new(0, 1);

    /// <summary>Normally distributed around 0.</summary>
    /// <param name="standardDeviation">The standard deviation.</param>
    public static Initial Normal(double standardDeviation) => new((float)standardDeviation, 0);

    /// <summary>Writes the values of a parameter. They depend on the seed and the parameter's name alone, so that adding a parameter changes no other.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="seed">The seed of the run.</param>
    public void Fill(Parameter parameter, ulong seed)
    {
        var random = RandomOf(parameter.Name, seed);
        Span<float> values = stackalloc float[ChunkValues];
        for (var start = 0L; start < parameter.Count; start += ChunkValues)
        {
            var chunk = values[..(int)Math.Min(ChunkValues, parameter.Count - start)];
            for (var i = 0; i < chunk.Length; i++) chunk[i] = StandardDeviation == 0 ? Constant : StandardDeviation * random.Normal((ulong)(start + i));
            parameter.Tensor.CopyFrom(start, chunk);
        }
    }

    /// <summary>The random numbers of a parameter, which depend on the seed and its name alone.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="seed">The seed of the run.</param>
    public static Philox RandomOf(string parameter, ulong seed) => new(seed, NameHash(parameter));

    /// <summary>FNV-1a over the characters: the same on every machine, as <see cref="string.GetHashCode()"/> is not.</summary>
    private static ulong NameHash(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in name) hash = (hash ^ character) * 1099511628211UL;
        return hash;
    }
}
