using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The activations by the names that a <c>config.json</c> uses.</summary>
internal static class Activations
{
    // The first name of a function is the one that is written.
    private static readonly (string Name, PointwiseFunction Function)[] Known =
    [
        ("gelu_new", PointwiseFunction.GeluTanh), ("gelu_pytorch_tanh", PointwiseFunction.GeluTanh), ("gelu", PointwiseFunction.GeluErf),
        ("relu", PointwiseFunction.Relu), ("silu", PointwiseFunction.Silu), ("swish", PointwiseFunction.Silu),
    ];

    /// <summary>Reads an activation.</summary>
    public static PointwiseFunction Read(ConfigurationReader json, string key, string otherwise)
    {
        var name = json.Text(key, otherwise);
        var known = Array.FindIndex(Known, a => a.Name == name);
        return known >= 0 ? Known[known].Function : throw json.Error(key, $"'{name}' is not supported; supported are {string.Join(", ", Known.Select(a => a.Name))}");
    }

    /// <summary>The name that is written.</summary>
    public static string NameOf(PointwiseFunction function) => Known.First(a => a.Function == function).Name;
}
