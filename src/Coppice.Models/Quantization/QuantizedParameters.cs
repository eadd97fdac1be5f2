using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The matrices of a model that runs on quantised weights, by the names of their parameters.</summary>
public sealed class QuantizedParameters : IDisposable
{
    private readonly Dictionary<string, QuantizedMatrix> _matrices = new(StringComparer.Ordinal);

    internal QuantizedParameters(Quantization quantization) => Quantization = quantization;

    /// <summary>In what they are held.</summary>
    public Quantization Quantization { get; }

    /// <summary>The memory that they take.</summary>
    public long Bytes => _matrices.Values.Sum(matrix => matrix.Bytes);

    /// <summary>The number of weights.</summary>
    public long Count => _matrices.Values.Sum(matrix => (long)matrix.Rows * matrix.Columns);

    internal QuantizedMatrix this[string name] => _matrices[name];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var matrix in _matrices.Values) matrix.Dispose();
    }

    internal bool Contains(string name) => _matrices.ContainsKey(name);

    internal void Add(string name, QuantizedMatrix matrix) => _matrices.Add(name, matrix);
}
