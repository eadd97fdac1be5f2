namespace Coppice.Tensors;

/// <summary>What a parameter is called and how large it is.</summary>
/// <param name="Name">Its name, as Hugging Face names it.</param>
/// <param name="Shape">Its shape.</param>
public sealed record ParameterSpecification(string Name, Shape Shape);

/// <summary>A named tensor that training changes.</summary>
public sealed class Parameter
{
    internal Parameter(string name, Tensor tensor, long offset)
    {
        Name = name;
        Tensor = tensor;
        Offset = offset;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its values, and its gradient where the set is trainable.</summary>
    public Tensor Tensor { get; }

    /// <summary>Where its first value lies in the flat buffers of its set.</summary>
    public long Offset { get; }

    /// <summary>Its shape.</summary>
    public Shape Shape => Tensor.Shape;

    /// <summary>The number of values.</summary>
    public long Count => Tensor.Count;
}

/// <summary>
/// Parameters side by side in one flat buffer, and their gradients in another. Matrices come first and vectors (biases, norms) after them,
/// so that weight decay on matrices only is a range.
/// </summary>
public sealed unsafe class ParameterSet : IDisposable
{
    // 16 floats are 64 bytes: every parameter starts at a cache line.
    private const int Alignment = 16;

    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly List<Parameter> _parameters = [];

    /// <summary>Allocates parameters, all zero.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="specifications">Names and shapes; names are unique.</param>
    /// <param name="trainable">Whether gradients are wanted; frozen parameters have none.</param>
    public ParameterSet(Backend backend, IReadOnlyList<ParameterSpecification> specifications, bool trainable = true)
    {
        Backend = backend;
        var ordered = specifications.OrderBy(s => s.Shape.Rank < 2).ToList();
        var offsets = new long[ordered.Count];
        var total = 0L;
        for (var i = 0; i < ordered.Count; i++)
        {
            if (ordered[i].Shape.Rank >= 2 || i == 0) MatrixCount = total;
            offsets[i] = total;
            total += (ordered[i].Shape.Count + Alignment - 1) / Alignment * Alignment;
            if (ordered[i].Shape.Rank >= 2) MatrixCount = total;
        }

        Values = new FlatBuffer(backend, total);
        if (trainable) Gradients = new FlatBuffer(backend, total);
        for (var i = 0; i < ordered.Count; i++)
        {
            var tensor = new Tensor(backend)
            {
                Shape = ordered[i].Shape,
                Data = Values.Data + offsets[i],
                Gradient = Gradients == null ? null : Gradients.Data + offsets[i],
                RequiresGradient = trainable,
                Kept = true,
            };
            _byName.Add(ordered[i].Name, new Parameter(ordered[i].Name, tensor, offsets[i]));
        }

        // Listed as the model declares them, whatever the order in memory.
        foreach (var specification in specifications) _parameters.Add(_byName[specification.Name]);
    }

    /// <summary>Whose memory it is.</summary>
    public Backend Backend { get; }

    /// <summary>The parameters, in the order in which the model declares them.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>All values, with zeros between parameters up to the next multiple of 16.</summary>
    public FlatBuffer Values { get; }

    /// <summary>All gradients, laid out as the values; null for frozen parameters.</summary>
    public FlatBuffer? Gradients { get; }

    /// <summary>Values [0, MatrixCount) of the flat buffers belong to matrices, the rest to vectors.</summary>
    public long MatrixCount { get; }

    /// <summary>The number of values that are parameters, without the padding.</summary>
    public long Count => _parameters.Sum(parameter => parameter.Count);

    /// <summary>A parameter by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="KeyNotFoundException">There is none of that name.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out var parameter) ? parameter : throw new KeyNotFoundException($"The model has no parameter '{name}'.");

    /// <summary>Finds a parameter.</summary>
    /// <param name="name">The name.</param>
    /// <param name="parameter">The parameter.</param>
    public bool TryGet(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Parameter? parameter) => _byName.TryGetValue(name, out parameter);

    /// <summary>
    /// Begins the gradients of a step: what the buffer holds counts no more. Nothing is written: the first gradient of each parameter takes the place of
    /// the old one, which saves a pass over memory to clear it and another to read zeros. <see cref="EndGradients"/> completes the step.
    /// </summary>
    public void BeginGradients()
    {
        foreach (var parameter in _parameters) parameter.Tensor.GradientIsStale = parameter.Tensor.RequiresGradient;
    }

    /// <summary>Ends the gradients of a step: those of parameters that the loss did not reach are zero.</summary>
    public void EndGradients()
    {
        foreach (var parameter in _parameters)
        {
            if (!parameter.Tensor.GradientIsStale) continue;
            Backend.Zero(parameter.Tensor.Gradient, parameter.Count);
            parameter.Tensor.GradientIsStale = false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Gradients?.Dispose();
    }
}
