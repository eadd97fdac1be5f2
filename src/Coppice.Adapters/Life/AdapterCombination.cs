using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>How adapters become one.</summary>
public enum CombinationMethod
{
    /// <summary>The factors side by side: exactly the weighted sum of the changes, with the sum of the ranks.</summary>
    Concatenate,

    /// <summary>
    /// Weighted sums of the factors, which keeps the rank. Not the weighted sum of the changes: the first factors of one adapter meet the second ones of another.
    /// </summary>
    Linear,
}

/// <summary>Makes one LoRA of several on the same base. The order counts, in the last bits.</summary>
public static class AdapterCombination
{
    /// <summary>Combines adapters. The result's scale is 1.</summary>
    /// <param name="adapters">Contents of plain LoRAs (<see cref="AdapterConversion.ToLora"/>), and their weights.</param>
    /// <param name="method">How.</param>
    /// <exception cref="CoppiceException">They can't be combined: one is no LoRA, trains other things besides, or has other targets or (linear) other ranks.</exception>
    public static AdapterContents Combine(IReadOnlyList<(AdapterContents Adapter, double Weight)> adapters, CombinationMethod method)
    {
        if (adapters.Count == 0) throw CoppiceException.Usage("there are no adapters to combine");
        var parts = new List<Dictionary<string, LoraFactors>>();
        foreach (var (adapter, weight) in adapters)
        {
            if (!double.IsFinite(weight)) throw CoppiceException.Usage("the weight of an adapter is a finite number");
            var factors = AdapterConversion.FactorsOf(adapter).ToDictionary(target => target.Target, StringComparer.Ordinal);
            if (adapter.Tensors.Count != 2 * factors.Count) throw CoppiceException.Usage("an adapter that trains biases, modules or magnitudes beside its factors can't be combined with another");
            if (parts.Count > 0 && !parts[0].Keys.ToHashSet(StringComparer.Ordinal).SetEquals(factors.Keys)) throw CoppiceException.Usage("adapters with different targets can't be combined");
            parts.Add(factors);
        }

        var weights = adapters.Select(adapter => adapter.Weight).ToArray();
        var combined = parts[0].Keys.Select(target => Combine([.. parts.Select(part => part[target])], weights, method)).ToList();
        return AdapterConversion.WithScales(adapters[0].Adapter with { Tensors = [] }, combined);
    }

    private static LoraFactors Combine(LoraFactors[] factors, double[] weights, CombinationMethod method)
    {
        var (target, inputs, outputs) = (factors[0].Target, factors[0].A.Length / factors[0].Rank, factors[0].B.Length / factors[0].Rank);
        if (factors.Any(other => other.A.Length / other.Rank != inputs || other.B.Length / other.Rank != outputs)) throw CoppiceException.Usage($"'{target}' has different sizes in the adapters: they are of different bases");
        return method == CombinationMethod.Concatenate ? Concatenated(factors, weights, outputs) : Sum(factors, weights);
    }

    private static LoraFactors Concatenated(LoraFactors[] factors, double[] weights, int outputs)
    {
        var rank = factors.Sum(part => part.Rank);
        var first = factors.SelectMany((part, i) => part.A.Select(value => (float)(weights[i] * part.Scale * value))).ToArray();
        var second = new float[outputs * rank];
        for (var row = 0; row < outputs; row++)
        {
            var column = row * rank;
            foreach (var part in factors)
            {
                part.B.AsSpan(row * part.Rank, part.Rank).CopyTo(second.AsSpan(column));
                column += part.Rank;
            }
        }

        return new LoraFactors(factors[0].Target, rank, Scale: 1, first, second);
    }

    private static LoraFactors Sum(LoraFactors[] factors, double[] weights)
    {
        var (target, rank) = (factors[0].Target, factors[0].Rank);
        if (factors.Any(part => part.Rank != rank)) throw CoppiceException.Usage($"'{target}' has different ranks in the adapters: a linear combination needs the same, concatenation does not");
        var (first, second) = (new double[factors[0].A.Length], new double[factors[0].B.Length]);
        for (var i = 0; i < factors.Length; i++)
        {
            // The product of both roots is |w| s, and the sign goes to one of them.
            var change = weights[i] * factors[i].Scale;
            var root = Math.Sqrt(Math.Abs(change));
            for (var k = 0; k < first.Length; k++) first[k] += Math.Sign(change) * root * factors[i].A[k];
            for (var k = 0; k < second.Length; k++) second[k] += root * factors[i].B[k];
        }

        return new LoraFactors(target, rank, Scale: 1, Array.ConvertAll(first, value => (float)value), Array.ConvertAll(second, value => (float)value));
    }
}
