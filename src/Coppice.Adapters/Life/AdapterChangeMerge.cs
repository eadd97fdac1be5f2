using Coppice.Adapters.Methods;
using Coppice.Continual.Surgery;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>Adapters that became one.</summary>
/// <param name="Contents">The adapter: a plain LoRA.</param>
/// <param name="Lost">What the cut to the rank took of the merged changes: the largest of the targets' ‖rest‖ / ‖change‖.</param>
public sealed record MergedChanges(AdapterContents Contents, double Lost);

/// <summary>
/// Makes one LoRA of several by merging what they change: of each target, the products of the factors are merged as models are (<see cref="IMergeMethod"/>, over a base of
/// zeros) and cut to a rank by their singular values. PEFT trims and elects signs of the factors one by one, which is another thing: signs of factors mean nothing by
/// themselves.
/// </summary>
public static class AdapterChangeMerge
{
    /// <summary>Merges.</summary>
    /// <param name="adapters">Contents of plain LoRAs (<see cref="AdapterConversion.ToLora"/>), and their weights.</param>
    /// <param name="method">How: <c>task_arithmetic</c> for the weighted sum, <c>ties</c>, <c>dare</c>; see <see cref="MergeRegistry"/>.</param>
    /// <param name="settings">What the method is told.</param>
    /// <param name="rank">The rank of the result; null for the sum of the ranks.</param>
    /// <exception cref="CoppiceException">They can't be combined, or a setting is out of its range.</exception>
    public static MergedChanges Merge(IReadOnlyList<(AdapterContents Adapter, double Weight)> adapters, string method, MergeSettings settings, int? rank = null)
    {
        if (rank < 1) throw CoppiceException.Usage(FormattableString.Invariant($"a rank of {rank}: 1 is the least"));
        var parts = AdapterCombination.PartsOf(adapters);
        var merge = MergeRegistry.Create(method, settings);
        var weights = merge.Weights(adapters.Count, [.. adapters.Select(adapter => adapter.Weight)]);
        var merged = parts[0].Keys.Select(target => Merge([.. parts.Select(part => part[target])], weights, merge, rank)).ToList();
        var contents = AdapterConversion.WithScales(adapters[0].Adapter with { Tensors = [] }, [.. merged.Select(target => target.Factors)]);
        return new MergedChanges(contents, merged.Max(target => target.Lost));
    }

    private static (LoraFactors Factors, double Lost) Merge(LoraFactors[] factors, IReadOnlyList<double> weights, IMergeMethod method, int? wanted)
    {
        var (target, (inputs, outputs)) = (factors[0].Target, AdapterCombination.SizeOf(factors));
        ReadOnlyMemory<float>[] changes = [.. factors.Select(part => new ReadOnlyMemory<float>(part.Product()))];
        var merged = new float[(long)outputs * inputs];
        method.Merge(new MergeInput(target, new float[merged.Length], changes, weights), merged);

        var rank = Math.Min(wanted ?? factors.Sum(part => part.Rank), Math.Min(inputs, outputs));
        var svd = TruncatedSvd.Of(merged, outputs, inputs, rank, Models.Initial.RandomOf(target + ".merge", seed: 0));
        var (b, a) = (new float[outputs * rank], new float[rank * inputs]);
        for (var k = 0; k < rank; k++)
        {
            var root = Math.Sqrt(svd.Values[k]);
            for (var row = 0; row < outputs; row++) b[row * rank + k] = (float)(root * svd.Left[k][row]);
            for (var column = 0; column < inputs; column++) a[k * inputs + column] = (float)(root * svd.Right[k][column]);
        }

        var all = merged.Sum(value => (double)value * value);
        var kept = svd.Values.Sum(value => value * value);
        return (new LoraFactors(target, rank, Scale: 1, a, b), all > 0 ? Math.Sqrt(Math.Max(0, all - kept) / all) : 0);
    }
}
