using System.Text.RegularExpressions;
using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Adapters of other kinds as plain LoRAs that do the same on the same base.</summary>
public static class AdapterConversion
{
    internal const string FirstFactor = ".lora_A.weight";
    internal const string SecondFactor = ".lora_B.weight";

    /// <summary>The same change as a LoRA: of PiSSA and OLoRA with twice the rank, of VeRA with its own, of rsLoRA with another alpha.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <exception cref="CoppiceException">The change is not one of low rank added to the weight.</exception>
    public static AdapterContents ToLora(Adapter adapter)
    {
        var contents = adapter.Method is Vera ? OfVera(adapter) : AdapterContents.Of(adapter);
        if (contents.Settings.Method is not ("lora" or "rslora")) throw CoppiceException.Usage($"adapter '{adapter.Name}' ({adapter.Method.Name}) can't be a LoRA: its change is not a product of two factors added to the weight");
        return contents.Settings.RankStabilized ? WithScales(contents, [.. FactorsOf(contents)]) : contents;
    }

    /// <summary>The factors of each target, with s and the rank.</summary>
    /// <exception cref="CoppiceException">The contents are no LoRA's.</exception>
    internal static IEnumerable<LoraFactors> FactorsOf(AdapterContents contents)
    {
        var settings = contents.Settings;
        if (settings.Method is not ("lora" or "rslora")) throw CoppiceException.Usage($"an adapter of the method '{settings.Method}' has no factors: convert it to lora where that can be");
        var tensors = contents.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var tensor in contents.Tensors)
        {
            if (!tensor.Name.EndsWith(FirstFactor, StringComparison.Ordinal)) continue;
            var target = tensor.Name[..^FirstFactor.Length];
            var rank = tensor.Shape[0];
            var alpha = TargetPattern.First(settings.AlphaPattern, target, settings.Alpha);
            var scale = settings.RankStabilized || settings.Method == "rslora" ? RsLora.Scale(alpha, rank) : alpha / rank;
            yield return new LoraFactors(target, rank, scale, tensor.Values, tensors[target + SecondFactor].Values);
        }
    }

    /// <summary>The contents of a plain LoRA with given factors; its alphas are s times the rank.</summary>
    internal static AdapterContents WithScales(AdapterContents contents, IReadOnlyList<LoraFactors> factors)
    {
        var (rank, alpha) = (factors[0].Rank, factors[0].Scale * factors[0].Rank);
        var settings = contents.Settings with
        {
            Method = "lora", RankStabilized = false, Rank = rank, Alpha = alpha, Targets = TargetPattern.Of([.. factors.Select(target => target.Target)]),
            Exclude = null, Layers = [], LayersPattern = [],
            RankPattern = [.. factors.Where(target => target.Rank != rank).Select(target => KeyValuePair.Create(Regex.Escape(target.Target), target.Rank))],
            AlphaPattern = [.. factors.Where(target => target.Scale * target.Rank != alpha).Select(target => KeyValuePair.Create(Regex.Escape(target.Target), target.Scale * target.Rank))],
        };
        var others = contents.Tensors.Where(tensor => !tensor.Name.EndsWith(FirstFactor, StringComparison.Ordinal) && !tensor.Name.EndsWith(SecondFactor, StringComparison.Ordinal));
        return new AdapterContents(settings, [.. factors.SelectMany(target => target.Tensors()), .. others]);
    }

    private static AdapterContents OfVera(Adapter adapter)
    {
        var factors = adapter.Targets.Select(target =>
        {
            var (b, a) = Vera.Delta(adapter.Parts, target).Factors(target.Inputs, target.Outputs);
            return new LoraFactors(target.Name, target.Rank, Scale: 1, a, b);
        }).ToList();
        var contents = AdapterContents.Of(adapter);
        var copies = adapter.BaseParameters.ToHashSet(StringComparer.Ordinal);
        return WithScales(contents with { Tensors = [.. contents.Tensors.Where(tensor => copies.Contains(tensor.Name))] }, factors);
    }
}

/// <summary>A LoRA's factors of one target.</summary>
/// <param name="Target">The target's path.</param>
/// <param name="Rank">The rank.</param>
/// <param name="Scale">s.</param>
/// <param name="A">[rank, inputs].</param>
/// <param name="B">[outputs, rank].</param>
internal sealed record LoraFactors(string Target, int Rank, double Scale, float[] A, float[] B)
{
    public IEnumerable<AdapterTensor> Tensors() =>
    [
        new(Target + AdapterConversion.FirstFactor, new Shape(Rank, A.Length / Rank), A),
        new(Target + AdapterConversion.SecondFactor, new Shape(B.Length / Rank, Rank), B),
    ];
}
