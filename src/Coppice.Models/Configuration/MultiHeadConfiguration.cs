namespace Coppice.Models;

/// <summary>What architectures have in common whose heads share the width evenly, each with keys and values of its own.</summary>
public abstract record MultiHeadConfiguration : ModelConfiguration
{
    /// <inheritdoc/>
    public override int KeyValueHeads
    {
        get => Heads;
        init => throw new NotSupportedException("The architecture has as many key/value heads as heads.");
    }

    /// <inheritdoc/>
    public override int HeadSize
    {
        get => HiddenSize / Heads;
        init => throw new NotSupportedException("The architecture's head size follows from its width.");
    }
}
