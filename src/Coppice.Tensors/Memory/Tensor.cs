namespace Coppice.Tensors;

/// <summary>
/// A row-major float32 tensor in a backend's memory, and its gradient once one flows. Tensors made by a <see cref="Tape"/> live until its
/// next reset (during the backward pass, until their last use); parameters live as long as their <see cref="ParameterSet"/>.
/// </summary>
public sealed unsafe class Tensor
{
    private float* _data;

    internal Tensor(Backend backend) => Backend = backend;

    /// <summary>The sizes of the dimensions.</summary>
    public Shape Shape { get; internal set; }

    /// <summary>Whether a gradient is computed for it.</summary>
    public bool RequiresGradient { get; internal set; }

    /// <summary>The number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>The size of the innermost dimension.</summary>
    public int Columns => Shape.Columns;

    /// <summary>The product of all dimensions but the innermost.</summary>
    public int Rows => Shape.Rows;

    /// <summary>Whether a gradient has flowed to it in the last backward pass.</summary>
    public bool HasGradient => Gradient != null;

    /// <summary>The value of a tensor of one element.</summary>
    public float Item
    {
        get
        {
            if (Count != 1) throw new InvalidOperationException($"The tensor has the shape {Shape}, not one element.");
            var value = 0f;
            CopyTo(new Span<float>(ref value));
            return value;
        }
    }

    internal Backend Backend { get; }

    /// <summary>The elements. Asking a tensor whose memory was given back is an error here, not a crash in a kernel.</summary>
    internal float* Data
    {
        get => HasData ? _data : throw new InvalidOperationException(
            $"The memory of this tensor of shape {Shape} was given back: an operation that works in place used it up, the backward pass was done with it, or the tape was reset.");
        set => _data = value;
    }

    internal bool HasData => _data != null && (ViewOf is null || ViewOf.HasData);

    internal float* Gradient { get; set; }

    /// <summary>The gradient's memory holds an older step's: the first to come overwrites it. Of parameters, see <see cref="ParameterSet.BeginGradients"/>.</summary>
    internal bool GradientIsStale { get; set; }

    /// <summary>Made by a tape, which frees it; false for parameters.</summary>
    internal bool Transient { get; set; }

    /// <summary>Stays readable until the tape's reset even where the backward pass no longer needs it.</summary>
    internal bool Kept { get; set; }

    /// <summary>The tensor whose memory this one shows under another shape, or null.</summary>
    internal Tensor? ViewOf { get; set; }

    /// <summary>The backward pass of the operation that made it reads its elements.</summary>
    internal bool ReadBackward { get; set; }

    /// <summary>Whether an operation that works in place may have its memory.</summary>
    internal bool CanBeTakenOver => Transient && !Kept && !ReadBackward;

    /// <summary>Copies the elements out.</summary>
    /// <param name="destination">As many elements as the tensor has.</param>
    public void CopyTo(Span<float> destination) => Backend.CopyToHost(Data, Checked(destination));

    /// <summary>Copies some of the elements out.</summary>
    /// <param name="start">The first element, counted in row-major order.</param>
    /// <param name="destination">As many as are wanted.</param>
    public void CopyTo(long start, Span<float> destination)
    {
        if (start < 0 || start > Count - destination.Length) throw new ArgumentOutOfRangeException(nameof(start));
        Backend.CopyToHost(Data + start, destination);
    }

    /// <summary>Overwrites the elements.</summary>
    /// <param name="source">As many elements as the tensor has.</param>
    public void CopyFrom(ReadOnlySpan<float> source)
    {
        if (source.Length != Count) throw new ArgumentException($"{source.Length} values for a tensor of shape {Shape}.", nameof(source));
        Backend.CopyFromHost(source, Data);
    }

    /// <summary>Overwrites some of the elements.</summary>
    /// <param name="start">The first element, counted in row-major order.</param>
    /// <param name="source">The new values.</param>
    public void CopyFrom(long start, ReadOnlySpan<float> source)
    {
        if (start < 0 || start > Count - source.Length) throw new ArgumentOutOfRangeException(nameof(start));
        Backend.CopyFromHost(source, Data + start);
    }

    /// <summary>Copies the gradient out.</summary>
    /// <param name="destination">As many elements as the tensor has.</param>
    public void CopyGradientTo(Span<float> destination)
    {
        if (Gradient == null) throw new InvalidOperationException("No gradient has flowed to this tensor.");
        Backend.CopyToHost(Gradient, Checked(destination));
    }

    /// <summary>The elements as a new array.</summary>
    public float[] ToArray()
    {
        var result = new float[Count];
        CopyTo(result);
        return result;
    }

    /// <summary>The gradient as a new array.</summary>
    public float[] GradientToArray()
    {
        var result = new float[Count];
        CopyGradientTo(result);
        return result;
    }

    private Span<float> Checked(Span<float> destination) => destination.Length == Count
        ? destination
        : throw new ArgumentException($"Room for {destination.Length} values, but the tensor has the shape {Shape}.", nameof(destination));
}
