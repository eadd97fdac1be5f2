using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The place of a projection in a model: the model's own is there until another representation takes its place.</summary>
public sealed class ProjectionSlot : Projection
{
    private Projection _current;

    internal ProjectionSlot(Projection own)
        : base(own.Name, own.Inputs, own.Outputs) => (Own, _current) = (own, own);

    /// <summary>The model's own.</summary>
    public Projection Own { get; }

    /// <summary>What computes: <see cref="Own"/>, or what was put in its place between steps.</summary>
    public Projection Current
    {
        get => _current;
        set => _current = value.Inputs == Inputs && value.Outputs == Outputs
            ? value
            : throw new ArgumentException($"'{Name}' takes {Inputs} values to {Outputs}, its replacement {value.Inputs} to {value.Outputs}.", nameof(value));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => _current.Forward(tape, x, residual);
}
