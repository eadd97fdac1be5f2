using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What DSEE is told beside the rank. Defaults are the paper's.</summary>
public sealed record DseeSettings
{
    /// <summary>Entries of each weight that are trained beside the factors.</summary>
    public int Entries { get; init; } = 16;
}

/// <summary>
/// LoRA with a few entries beside the factors: W' = W + alpha / r · (B · A + S). The entries of S stand where those of W are largest of which a matrix of rank r is not the
/// reason, and begin as 0.
/// </summary>
[Technique("dsee", Title = "DSEE: Dually Sparsity-embedded Efficient Tuning of Pre-trained Language Models", Paper = "arXiv:2111.00160")]
public sealed class Dsee : Lora
{
    private const string Values = ".sparse_values";
    private const string Rows = ".sparse_rows";
    private const string Columns = ".sparse_columns";

    // Rounds of "best matrix of rank r without the entries" and "largest entries without that matrix". The places settle in two or three.
    private const int Rounds = 4;

    // Places are numbers in float32.
    private const int LargestPlace = 1 << 24;

    /// <inheritdoc/>
    public override string Name => "dsee";

    /// <summary>r · (inputs + outputs) + entries.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => base.CountOf(target) + target.Entries;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        var entries = (settings.Dsee ?? new DseeSettings()).Entries;
        if (entries < 1) throw CoppiceException.Usage($"dsee with {entries} entries of a weight: 1 is the least; without any, take lora");
        return [.. base.Targets(model, settings).Select(target => Math.Max(target.Inputs, target.Outputs) <= LargestPlace
            ? target with { Entries = (int)Math.Min(entries, (long)target.Inputs * target.Outputs) }
            : throw CoppiceException.Usage($"'{target.Name}' is too wide for dsee"))];
    }

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [.. base.Trained(target), new(target.Name + Values, new Shape(target.Entries))];

    internal override IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) => targets.SelectMany(target => new ParameterSpecification[]
    {
        new(target.Name + Rows, new Shape(target.Entries)),
        new(target.Name + Columns, new Shape(target.Entries)),
    });

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        base.Initialize(parts, seed);
        foreach (var target in parts.Targets)
        {
            var places = Places(target.ReadWeight(), target, Initial.RandomOf(target.Name + ".dsee", seed));
            parts.Frozen[target.Name + Rows].Tensor.CopyFrom(Array.ConvertAll(places, place => (float)(place / target.Inputs)));
            parts.Frozen[target.Name + Columns].Tensor.CopyFrom(Array.ConvertAll(places, place => (float)(place % target.Inputs)));
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => Delta(parts, target);

    internal override IReadOnlyList<LoraFactors>? Factors(AdapterParts parts) => [.. parts.Targets.Select(target =>
    {
        var (b, a) = Delta(parts, target).Factors();
        return new LoraFactors(target.Name, target.Rank + target.Entries, parts.ScaleOf(target), a, b);
    })];

    /// <summary>Where the largest entries of the sparse part stand, in their order.</summary>
    internal static int[] Places(float[] weight, TargetModule target, Philox random)
    {
        var (inputs, outputs) = (target.Inputs, target.Outputs);
        var rank = Math.Min(target.Rank, Math.Min(inputs, outputs));
        var (places, without) = (Array.Empty<int>(), weight);
        for (var round = 0; round < Rounds; round++)
        {
            var rest = Rest(weight, TruncatedSvd.Of(without, outputs, inputs, rank, random), inputs);
            var chosen = Largest(rest, target.Entries);
            if (places.AsSpan().SequenceEqual(chosen)) break;
            places = chosen;
            without = (float[])weight.Clone();
            foreach (var place in places) without[place] -= (float)rest[place];
        }

        return places;
    }

    /// <summary>A matrix less one of low rank.</summary>
    private static double[] Rest(float[] matrix, TruncatedSvd svd, int columns)
    {
        var rest = Array.ConvertAll(matrix, value => (double)value);
        Parallel.For(0, matrix.Length / columns, row =>
        {
            for (var k = 0; k < svd.Values.Length; k++)
            {
                var factor = svd.Values[k] * svd.Left[k][row];
                for (var column = 0; column < columns; column++) rest[row * columns + column] -= factor * svd.Right[k][column];
            }
        });
        return rest;
    }

    // Of equal entries the first: the sort is stable.
    private static int[] Largest(double[] values, int count) => [.. Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(values[i])).Take(count).Order()];

    private static SparseLowRankDelta Delta(AdapterParts parts, TargetModule target) => new(
        parts.Trained[target.Name + A], parts.Trained[target.Name + B], parts.Trained[target.Name + Values], parts.Frozen[target.Name + Rows], parts.Frozen[target.Name + Columns],
        parts.ScaleOf(target), parts.Settings.Dropout);
}
