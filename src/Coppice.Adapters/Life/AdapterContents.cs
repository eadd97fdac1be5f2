using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>A tensor of an adapter outside of any base.</summary>
/// <param name="Name">Its name, as in files but for the prefix.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">As many values.</param>
public sealed record AdapterTensor(string Name, Shape Shape, float[] Values);

/// <summary>What an adapter is without its base: settings and values. It is what files hold, and what conversions and combinations work on.</summary>
/// <param name="Settings">The settings.</param>
/// <param name="Tensors">The values.</param>
public sealed record AdapterContents(AdapterSettings Settings, IReadOnlyList<AdapterTensor> Tensors)
{
    /// <summary>Copies an adapter's values. One whose factors began as part of the weight becomes a LoRA of twice the rank, which does the same on the same base.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <exception cref="CoppiceException">It has no such form.</exception>
    public static AdapterContents Of(Adapter adapter)
    {
        if (adapter.Strength != 1) throw CoppiceException.Usage($"adapter '{adapter.Name}' is switched to another strength than it was trained with: switch it back to 1 before it is saved");
        var parts = adapter.Parts;
        var own = adapter.BaseParameters.ToHashSet(StringComparer.Ordinal);
        if (adapter.Method is FactorizedLora)
        {
            var factor = parts.Settings.RankStabilized ? Math.Sqrt(2) : 2;
            var settings = parts.Settings with
            {
                Method = "lora", Rank = 2 * parts.Settings.Rank, Alpha = factor * parts.Settings.Alpha,
                RankPattern = [.. parts.Settings.RankPattern.Select(pair => KeyValuePair.Create(pair.Key, 2 * pair.Value))],
                AlphaPattern = [.. parts.Settings.AlphaPattern.Select(pair => KeyValuePair.Create(pair.Key, factor * pair.Value))],
            };
            var doubled = adapter.Targets.SelectMany(target => FactorizedLora.Doubled(parts, target)).Select(tensor => new AdapterTensor(tensor.Name, tensor.Shape, tensor.Values));
            return new AdapterContents(settings, [.. doubled, .. Copies(parts.Trained.Parameters.Where(parameter => own.Contains(parameter.Name)))]);
        }

        return new AdapterContents(parts.Settings, [.. Copies(parts.Trained.Parameters), .. Copies(parts.Frozen.Parameters)]);
    }

    /// <summary>Adds an adapter with these contents to a base. Names and shapes are compared as sets: nothing may be missing or left.</summary>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">The adapter's name.</param>
    /// <param name="trainable">Whether it is to be trained further.</param>
    /// <exception cref="CoppiceException">Contents and base don't fit each other: the message names the tensor.</exception>
    public Adapter AddTo(AdapterSet set, string name, bool trainable = false)
    {
        if (trainable && set.Model.Quantized is not null) throw CoppiceException.Usage("the model's weights are quantised, and no gradient flows through those yet: open it without quantisation to train an adapter");
        var layout = AdapterLayout.Of(set.Model, Settings);
        if (layout.Method is FactorizedLora) throw new InvalidOperationException($"Contents are never those of '{layout.Method.Name}'.");
        // Before memory is taken by what the configuration says: a tensor of each shape is really there.
        var tensors = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        RequireSame(layout, tensors, set.Model.Configuration.ModelType);
        return set.Add(name, layout, trainable, adapter =>
        {
            foreach (var parameter in adapter.Parameters.Parameters.Concat(adapter.Frozen.Parameters)) parameter.Tensor.CopyFrom(tensors[parameter.Name].Values);
        });
    }

    private static void RequireSame(AdapterLayout layout, Dictionary<string, AdapterTensor> tensors, string model)
    {
        var wanted = layout.Trained.Concat(layout.Frozen).ToDictionary(specification => specification.Name, StringComparer.Ordinal);
        foreach (var (name, specification) in wanted)
        {
            if (!tensors.TryGetValue(name, out var tensor))
                throw new CoppiceException($"the adapter lacks '{name}', which its configuration asks for on this {model} model{NearestName.Hint(name, tensors.Keys.Where(other => !wanted.ContainsKey(other)))}");
            if (tensor.Shape != specification.Shape) throw new CoppiceException($"the adapter's '{name}' has the shape {tensor.Shape}, but its configuration and the model ask for {specification.Shape}");
        }

        if (tensors.Keys.FirstOrDefault(name => !wanted.ContainsKey(name)) is { } stranger)
            throw new CoppiceException($"the adapter's '{stranger}' belongs to nothing that its configuration adapts in this {model} model");
    }

    private static IEnumerable<AdapterTensor> Copies(IEnumerable<Parameter> parameters) => parameters.Select(parameter => new AdapterTensor(parameter.Name, parameter.Shape, parameter.Tensor.ToArray()));
}
