using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>What encoders of BERT's kind have in common.</summary>
public abstract record EncoderConfiguration : MultiHeadConfiguration
{
    /// <inheritdoc/>
    public override bool IsCausal => false;

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The activation of MLPs and heads.</summary>
    public PointwiseFunction Activation { get; init; } = PointwiseFunction.GeluErf;

    /// <summary>The token that other tools pad with. RoBERTa's positions begin behind it.</summary>
    public int PadToken { get; init; }

    /// <summary>The blocks' matrices and the tables; not positions and segments, nor what stands before small heads.</summary>
    internal override bool IsQuantizable(ParameterPlan parameter) =>
        base.IsQuantizable(parameter) && (parameter.Name.Contains(EncoderPlan.Layer, StringComparison.Ordinal) || parameter.Name == Tables.Embedding || parameter.Name == Tables.Head);
}
