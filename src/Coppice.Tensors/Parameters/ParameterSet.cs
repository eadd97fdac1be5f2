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
    public Tensor Tensor { get; internal set; }

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
            _byName.Add(ordered[i].Name, new Parameter(ordered[i].Name, OwnTensor(ordered[i].Shape, offsets[i]), offsets[i]));
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

    /// <summary>
    /// Lets parameters of this set stand in for those of the same names in a frozen set: what computes with those computes with the values of these, and their
    /// gradients are these'. The values of the frozen set stay as they are. Until <see cref="StandBack"/>, and between steps only.
    /// </summary>
    /// <param name="frozen">A set without gradients, on the same backend.</param>
    /// <param name="names">Parameters that both sets have, in the same shapes.</param>
    /// <exception cref="InvalidOperationException">Another set stands in for one of them already.</exception>
    public void StandIn(ParameterSet frozen, IReadOnlyCollection<string> names)
    {
        if (frozen.Gradients is not null || frozen.Backend != Backend) throw new ArgumentException("Only frozen parameters of the same backend can be stood in for.", nameof(frozen));
        foreach (var name in names)
        {
            var (own, other) = (this[name], frozen[name]);
            if (own.Shape != other.Shape) throw new ArgumentException($"'{name}' has the shape {own.Shape} here and {other.Shape} there.", nameof(names));
            if (other.Tensor.Data != frozen.Values.Data + other.Offset) throw new InvalidOperationException($"Another set stands in for '{name}' already.");
        }

        foreach (var name in names)
        {
            var (own, tensor) = (this[name], frozen[name].Tensor);
            tensor.Data = own.Tensor.Data;
            tensor.Gradient = own.Tensor.Gradient;
            tensor.RequiresGradient = own.Tensor.RequiresGradient;
            // One object from here on, so that what is marked on the one (a stale gradient) is marked on the other.
            own.Tensor = tensor;
        }
    }

    /// <summary>Ends <see cref="StandIn"/>: the frozen set's parameters are its own again.</summary>
    /// <param name="frozen">The frozen set.</param>
    /// <param name="names">The parameters.</param>
    public void StandBack(ParameterSet frozen, IReadOnlyCollection<string> names)
    {
        foreach (var name in names)
        {
            var (own, other) = (this[name], frozen[name]);
            own.Tensor = OwnTensor(own.Shape, own.Offset);
            var tensor = other.Tensor;
            (tensor.RequiresGradient, tensor.GradientIsStale) = (false, false);
            tensor.Data = frozen.Values.Data + other.Offset;
            tensor.Gradient = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Gradients?.Dispose();
    }

    private Tensor OwnTensor(Shape shape, long offset) => new(Backend)
    {
        Shape = shape,
        Data = Values.Data + offset,
        Gradient = Gradients == null ? null : Gradients.Data + offset,
        RequiresGradient = Gradients is not null,
        Kept = true,
    };
}
