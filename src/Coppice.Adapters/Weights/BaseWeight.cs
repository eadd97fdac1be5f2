using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>The weight and the bias of a model's own projection apart, however the weight is held.</summary>
internal static class BaseWeight
{
    /// <summary>x · Wᵀ without the bias.</summary>
    public static Tensor Product(Tape tape, Projection own, Tensor x) =>
        own is QuantizedProjection quantized ? tape.Linear(x, quantized.Weight) : tape.Linear(x, ((DenseProjection)own).Weight.Tensor, layout: ((DenseProjection)own).Layout);

    /// <summary>The bias, or null.</summary>
    public static Tensor? Bias(Projection own) => own is QuantizedProjection quantized ? quantized.Bias : ((DenseProjection)own).Bias?.Tensor;
}
