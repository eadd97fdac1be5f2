namespace Coppice.Tensors;

/// <summary>
/// One recorded operation: what its backward pass needs. Objects are reused from step to step, so a step allocates none.
/// A new operation is a file with a static method that computes forward, and a class derived from this one beside it.
/// </summary>
public abstract unsafe class Operation
{
    private Tensor? _output;

    /// <summary>Its result.</summary>
    internal Tensor Output
    {
        get => _output ?? throw new InvalidOperationException("The operation was not recorded.");
        set => _output = value;
    }

    /// <summary>Which pool of the tape it returns to.</summary>
    internal int Kind { get; set; }

    /// <summary>Memory that the forward pass kept for the backward pass, or null; given back when the operation is done.</summary>
    internal float* Saved { get; set; }

    /// <summary>Adds to the gradients of its inputs, from the gradient of its output.</summary>
    internal abstract void Backward(Tape tape);

    /// <summary>Forgets its inputs.</summary>
    internal abstract void Clear();

    internal void Finish(Tape tape)
    {
        if (Saved != null) tape.Free(Saved);
        Saved = null;
        _output = null;
        Clear();
    }
}
