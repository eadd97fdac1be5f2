using Coppice.Foundation;

namespace Coppice.Adapters.Methods;

/// <summary>LoRA whose scale is alpha over the root of the rank, so that the size of the change does not shrink as the rank grows. The same as LoRA with <see cref="AdapterSettings.RankStabilized"/>.</summary>
[Technique("rslora", Title = "A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA", Paper = "arXiv:2312.03732")]
public sealed class RsLora : Lora
{
    /// <inheritdoc/>
    public override string Name => "rslora";

    /// <summary>alpha / √rank.</summary>
    /// <param name="alpha">Alpha.</param>
    /// <param name="rank">The rank.</param>
    public static double Scale(double alpha, int rank) => alpha / Math.Sqrt(rank);
}
