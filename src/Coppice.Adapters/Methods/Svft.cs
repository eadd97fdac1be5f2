using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Which entries SVFT trains of the matrix between the singular vectors.</summary>
public enum SvftPattern
{
    /// <summary>The diagonal: the singular values.</summary>
    Plain,

    /// <summary>The diagonal and some diagonals on each side of it.</summary>
    Banded,

    /// <summary>Entries at random places, no two at the same.</summary>
    Random,
}

/// <summary>What SVFT is told.</summary>
public sealed record SvftSettings
{
    /// <summary>Which entries are trained.</summary>
    public SvftPattern Pattern { get; init; }

    /// <summary>Of the banded pattern the diagonals on each side, of the random one the entries; not read for the plain one.</summary>
    public int Size { get; init; } = 16;
}

/// <summary>
/// Trains a few entries of the matrix between a weight's own singular vectors: W = U · S · Vᵀ becomes U · (S + M) · Vᵀ. It is kept as W + U · M · Vᵀ, M beginning as 0, so that a new
/// adapter is the base to the bit. U and V are kept with the adapter: where singular values are equal, another run would find others. The rank has no meaning.
/// </summary>
[Technique("svft", Title = "SVFT: Parameter-Efficient Fine-Tuning with Singular Vectors", Paper = "arXiv:2405.19597")]
public sealed class Svft : AdapterMethod
{
    private const string Entries = ".svft_m";
    private const string Left = ".svft_u";
    private const string Right = ".svft_v";

    /// <inheritdoc/>
    public override string Name => "svft";

    /// <summary>The entries: k of the plain pattern, k the smaller of inputs and outputs; k (2 d + 1) - d (d + 1) of the banded one.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => target.Entries;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        var pattern = settings.Svft ?? new SvftSettings();
        if (pattern.Size < 1) throw CoppiceException.Usage($"svft with a pattern of size {pattern.Size}: 1 is the least");
        return [.. TargetSelection.Select(model, settings, settings.Targets ?? TargetPattern.Matching(TargetPattern.AllLinear)).Select(target => target with { Entries = CountOf(target, pattern) })];
    }

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [new(target.Name + Entries, new Shape(target.Entries, 1))];

    internal override IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) => targets.SelectMany(target => new ParameterSpecification[]
    {
        new(target.Name + Left, new Shape(target.Outputs, Width(target))),
        new(target.Name + Right, new Shape(target.Inputs, Width(target))),
    });

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var target in parts.Targets)
        {
            var width = Width(target);
            var svd = TruncatedSvd.Of(target.ReadWeight(), target.Outputs, target.Inputs, width, Initial.RandomOf(target.Name + ".svft", seed));
            var (left, right) = (new float[target.Outputs * width], new float[target.Inputs * width]);
            for (var k = 0; k < width; k++)
            {
                // The sign of a pair is free: the largest entry of the left vector is positive.
                var sign = svd.Left[k].MaxBy(Math.Abs) < 0 ? -1 : 1;
                for (var row = 0; row < target.Outputs; row++) left[row * width + k] = (float)(sign * svd.Left[k][row]);
                for (var column = 0; column < target.Inputs; column++) right[column * width + k] = (float)(sign * svd.Right[k][column]);
            }

            parts.Frozen[target.Name + Left].Tensor.CopyFrom(left);
            parts.Frozen[target.Name + Right].Tensor.CopyFrom(right);
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => Delta(parts, target);

    internal override IReadOnlyList<LoraFactors>? Factors(AdapterParts parts) => [.. parts.Targets.Select(target =>
    {
        var (b, a) = Delta(parts, target).Factors();
        return new LoraFactors(target.Name, Width(target), Scale: 1, a, b);
    })];

    /// <summary>The places of a pattern in M [k, k], ascending; null for the diagonal. Those of the random one depend on the target's name alone.</summary>
    internal static int[]? Places(TargetModule target, SvftSettings settings)
    {
        var width = Width(target);
        if (settings.Pattern == SvftPattern.Plain) return null;
        if (settings.Pattern == SvftPattern.Banded)
            return [.. Enumerable.Range(0, width).SelectMany(row => Enumerable.Range(0, width).Where(column => Math.Abs(row - column) <= settings.Size).Select(column => row * width + column))];
        var (random, places) = (Initial.RandomOf(target.Name + Entries, seed: 0), new SortedSet<int>());
        for (var draw = 0UL; places.Count < target.Entries; draw++) places.Add(random.Integer(draw, width * width));
        return [.. places];
    }

    private static SpectralDelta Delta(AdapterParts parts, TargetModule target) => new(
        parts.Frozen[target.Name + Left], parts.Frozen[target.Name + Right], parts.Trained[target.Name + Entries], Places(target, parts.Settings.Svft ?? new SvftSettings()));

    private static int CountOf(TargetModule target, SvftSettings settings)
    {
        var width = Width(target);
        // M is addressed by row · k + column, and is made whole for a product where it is no diagonal.
        if (settings.Pattern != SvftPattern.Plain && width > 1 << 15) throw CoppiceException.Usage($"'{target.Name}' is too wide for this pattern of svft: take the plain one");
        if (settings.Pattern == SvftPattern.Plain) return width;
        if (settings.Pattern == SvftPattern.Random) return (int)Math.Min(settings.Size, (long)width * width / 2);
        var side = Math.Min(settings.Size, width - 1);
        return width * (2 * side + 1) - side * (side + 1);
    }

    private static int Width(TargetModule target) => Math.Min(target.Inputs, target.Outputs);
}
