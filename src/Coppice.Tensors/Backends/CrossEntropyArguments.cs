namespace Coppice.Tensors;

/// <summary>The arguments of a weighted cross-entropy over rows of logits.</summary>
public unsafe struct CrossEntropyArguments
{
    /// <summary>Number of rows.</summary>
    public int Rows;

    /// <summary>Number of classes: the columns.</summary>
    public int Classes;

    /// <summary>Logits [Rows, Classes]; overwritten by the gradient of the loss where <see cref="ComputeGradient"/>.</summary>
    public float* Logits;

    /// <summary>The class of each row.</summary>
    public int* Targets;

    /// <summary>The weight of each row; rows of weight 0 have no loss and no gradient, and their target is not looked at.</summary>
    public float* Weights;

    /// <summary>Multiplies the loss and the gradient: one over the number of counted tokens, say.</summary>
    public float Scale;

    /// <summary>Share of the probability spread evenly over all classes.</summary>
    public float LabelSmoothing;

    /// <summary>Adds ZLoss * (log of the softmax denominator)² to the loss of a row.</summary>
    public float ZLoss;

    /// <summary>Whether <see cref="Logits"/> are overwritten by the gradient.</summary>
    public bool ComputeGradient;

    /// <summary>The loss of each row times its weight times <see cref="Scale"/>: [Rows].</summary>
    public float* Losses;

    /// <summary>Null, or -log p(target) of each row, without weight, smoothing and z-loss; 0 in rows of weight 0: [Rows].</summary>
    public float* NegativeLogLikelihoods;
}
