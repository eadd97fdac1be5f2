using Coppice.Continual.Surgery;
using Coppice.Tensors;

namespace Coppice.Continual.Tests.Surgery;

/// <summary>Small sets of parameters, and merges of single ones.</summary>
internal static class Weights
{
    /// <summary>Lengths around every vector width.</summary>
    public static TheoryData<int> Sizes => [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100];

    /// <summary>Values of very different sizes, with both zeros.</summary>
    public static float[] Random(int count, ulong stream)
    {
        var random = new Philox(11, stream);
        var values = Enumerable.Range(0, count).Select(i => random.Normal((ulong)i) * MathF.Pow(10, (i * 7 % 60) - 30)).ToArray();
        if (count > 2) (values[1], values[2]) = (-0f, 0f);
        return values;
    }

    public static float[] Merge(IMergeMethod method, float[] ancestor, float[][] models, double[]? weights = null, string name = "w")
    {
        var result = new float[ancestor.Length];
        method.Merge(new MergeInput(name, ancestor, [.. models.Select(model => (ReadOnlyMemory<float>)model)], method.Weights(models.Length, weights)), result);
        return result;
    }

    public static ParameterSet Set(Backend backend, params (string Name, Shape Shape, float[] Values)[] parameters)
    {
        var set = new ParameterSet(backend, [.. parameters.Select(p => new ParameterSpecification(p.Name, p.Shape))], trainable: false);
        foreach (var (name, _, values) in parameters) set[name].Tensor.CopyFrom(values);
        return set;
    }

    public static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];
}
