using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>
/// Decoders as readers: attention of some groups of layers sees a document in both directions, for tasks such as tagging, where what comes after a word matters too. Such
/// a model generates nothing.
/// </summary>
[Technique("causal-mask-removal", Title = "Do Not (Always) Look Right: Investigating the Capabilities of Decoder-Based Large Language Models for Sequence Labeling", Paper = "arXiv:2401.14556")]
public static class BidirectionalLayers
{
    /// <summary>The layers without a causal mask; null for none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">The settings: see <see cref="AdapterSettings.BidirectionalGroups"/>.</param>
    /// <exception cref="CoppiceException">The model has a mask that can't be removed, or fewer layers than groups (exit code 2).</exception>
    public static IReadOnlySet<int>? Of(LanguageModel model, AdapterSettings settings)
    {
        var (groups, layers) = (settings.BidirectionalGroups, model.Configuration.Layers);
        if (!groups.Contains(true)) return null;
        if (groups.Count > layers) throw CoppiceException.Usage(FormattableString.Invariant($"{groups.Count} groups of layers, and the model has {layers} layers"));
        model.RequireUnmaskable();
        return Enumerable.Range(0, layers).Where(layer => groups[(int)((long)layer * groups.Count / layers)]).ToHashSet();
    }
}
