using Coppice.Foundation;

namespace Coppice.Adapters.Methods;

/// <summary>The methods by their names.</summary>
public static class AdapterMethods
{
    private static readonly Dictionary<string, AdapterMethod> ByName =
        new AdapterMethod[]
        {
            new Lora(), new RsLora(), new Dora(), new Pissa(), new OLora(), new Vera(), new AdaLora(), new IncreLora(), new Svft(), new Kasa(), new Dsee(), new Said(), new Ia3(), new BitFit(), new LayerFreezing(),
            new Houlsby(), new Pfeiffer(), new ParallelAdapter(), new ScaledParallelAdapter(), new DomainAdapter(), new MixDa(), new PromptTuning(), new PTuning(), new PrefixTuning(), new Sparc(),
            new FullTuning(), new FishMask(), new GradientMaskTuning(), new NeuronTuning(), new Hift(), new LadderSideTuning(), new QuantizedSideTuning(),
        }
            .ToDictionary(method => method.Name, StringComparer.Ordinal);

    /// <summary>All methods.</summary>
    public static IReadOnlyCollection<AdapterMethod> All => ByName.Values;

    /// <summary>A method.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="CoppiceException">There is none of that name (exit code 2).</exception>
    public static AdapterMethod Find(string name) => ByName.TryGetValue(name, out var method)
        ? method
        : throw CoppiceException.Usage($"unknown adapter method '{name}'{NearestName.Hint(name, ByName.Keys)} (known: {string.Join(", ", ByName.Keys)})");
}
