using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters.Methods;

/// <summary>Trains all biases of the model, those of norms and heads included, and nothing else.</summary>
[Technique("bitfit", Title = "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models", Paper = "arXiv:2106.10199")]
public sealed class BitFit : BaseTuning
{
    /// <inheritdoc/>
    public override string Name => "bitfit";

    internal override IEnumerable<string> BaseParameters(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var names = base.BaseParameters(model, settings with { Bias = BiasTraining.All }, targets).ToList();
        return names.Count > 0 ? names : throw CoppiceException.Usage($"bitfit trains biases, and this {model.Configuration.ModelType} model has none");
    }
}
