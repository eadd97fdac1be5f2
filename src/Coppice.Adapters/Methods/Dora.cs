using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// Trains the length of each row of a weight apart from its direction, and the direction by LoRA: W' = m · (W + s · B · A) / ‖W + s · B · A‖ row by row. m begins as
/// the lengths of the rows of W.
/// </summary>
[Technique("dora", Title = "DoRA: Weight-Decomposed Low-Rank Adaptation", Paper = "arXiv:2402.09353")]
public sealed class Dora : Lora
{
    private const string Magnitude = ".lora_magnitude_vector";

    /// <inheritdoc/>
    public override string Name => "dora";

    /// <summary>r · (inputs + outputs) + outputs.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => base.CountOf(target) + target.Outputs;

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [.. base.Trained(target), new(target.Name + Magnitude, new Shape(target.Outputs))];

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        base.Initialize(parts, seed);
        foreach (var target in parts.Targets)
        {
            var squares = SquaredNorms(target);
            if (Array.FindIndex(squares, square => !(square > 0)) is >= 0 and var row) throw new CoppiceException($"row {row} of '{target.Name}.weight' is zero: it has no direction, which dora needs");
            parts.Trained[target.Name + Magnitude].Tensor.CopyFrom(Array.ConvertAll(squares, square => (float)Math.Sqrt(square)));
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => new DecomposedDelta(
        parts.Trained[target.Name + A], parts.Trained[target.Name + B], parts.Trained[target.Name + Magnitude], parts.ScaleOf(target), SquaredNorms(target), parts.Settings.Dropout);

    private static double[] SquaredNorms(TargetModule target)
    {
        var weight = target.ReadWeight();
        var norms = new double[target.Outputs];
        for (var row = 0; row < norms.Length; row++) norms[row] = DecomposedDelta.SquaredNorm(weight.AsSpan(row * target.Inputs, target.Inputs));
        return norms;
    }
}
