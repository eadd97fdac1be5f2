using Coppice.Foundation;

namespace Coppice.Adapters.Methods;

/// <summary>The methods by their names.</summary>
public static class AdapterMethods
{
    private static readonly Dictionary<string, AdapterMethod> ByName =
        new AdapterMethod[] { new Lora(), new RsLora(), new Dora(), new Pissa(), new OLora(), new Vera(), new Ia3(), new BitFit(), new LayerFreezing() }
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
