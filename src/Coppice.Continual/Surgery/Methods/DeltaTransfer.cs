using Coppice.Foundation;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>
/// What tuning added to a base, added to that base after an update: updated + λ (tuned - base). The models are the tuned one and the updated base, in
/// this order. An update that changed nothing gives the tuned model bit for bit, and a tuning that changed nothing the updated base.
/// </summary>
/// <param name="scale">λ.</param>
[Technique("instruct-residual", Title = "Balancing Continuous Pre-Training and Instruction Fine-Tuning: Optimizing Instruction-Following in LLMs", Paper = "arXiv:2410.10739")]
[Technique("chat-vector", Title = "Chat Vector: A Simple Approach to Equip LLMs with Instruction Following and Model Alignment in New Languages", Paper = "arXiv:2310.04799")]
public sealed class DeltaTransfer(double scale) : IMergeMethod
{
    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given)
    {
        if (models != 2) throw CoppiceException.Usage("delta takes two models beside the base: the one that was tuned from it, and the base after its update");
        return given is null ? [scale, 1] : throw CoppiceException.Usage("delta takes no weights; its one factor is the scale");
    }

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        var tuned = input.Model(0);
        var updated = input.Model(1);
        for (var i = 0; i < destination.Length; i++)
        {
            destination[i] = Same(updated[i], input.Base[i]) ? input.Mix(i, [scale, 0])
                : Same(tuned[i], input.Base[i]) ? updated[i]
                : (float)(updated[i] + (scale * input.Delta(0, i)));
        }
    }

    // By their bits: 0 and -0 are two values here.
    private static bool Same(float a, float b) => BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b);
}
