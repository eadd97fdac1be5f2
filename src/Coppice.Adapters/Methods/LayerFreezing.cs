using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters.Methods;

/// <summary>Trains whole layers (<see cref="AdapterSettings.Layers"/>) and modules (<see cref="AdapterSettings.ModulesToSave"/>), and freezes the rest: usually the last layers are trained.</summary>
[Technique("layer-freezing", Title = "What Would Elsa Do? Freezing Layers During Transformer Fine-Tuning", Paper = "arXiv:1911.03090")]
public sealed class LayerFreezing : BaseTuning
{
    /// <inheritdoc/>
    public override string Name => "layers";

    internal override IEnumerable<string> BaseParameters(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        foreach (var layer in settings.Layers)
        {
            if (layer < 0 || layer >= model.Configuration.Layers) throw CoppiceException.Usage($"there is no layer {layer}: the model has {model.Configuration.Layers}, counted from 0");
        }

        var others = base.BaseParameters(model, settings, targets).ToHashSet(StringComparer.Ordinal);
        var chosen = model.Parameters.Parameters.Select(parameter => parameter.Name)
            .Where(name => others.Contains(name) || (TargetSelection.LayerOf(name, settings.LayersPattern) is { } layer && settings.Layers.Contains(layer))).ToList();
        RefuseUntrainable(model, chosen.ToHashSet(StringComparer.Ordinal));
        return chosen.Count > 0 ? chosen : throw CoppiceException.Usage("the method 'layers' needs numbers of layers, or modules, that are to be trained");
    }
}
