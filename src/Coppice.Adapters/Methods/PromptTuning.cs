using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Embeddings of virtual tokens in front of every text, and nothing else, are trained.</summary>
[Technique("prompt-tuning", Title = "The Power of Scale for Parameter-Efficient Prompt Tuning", Paper = "arXiv:2104.08691")]
public sealed class PromptTuning : PromptMethod
{
    /// <inheritdoc/>
    public override string Name => "prompt";

    /// <summary>P · d.</summary>
    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets) => (long)Of(settings).Tokens * model.EmbeddingColumns;

    internal override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        if (Of(settings).EncoderWidth > 0) throw CoppiceException.Usage($"'{Name}' trains embeddings themselves, without a network: that is p-tuning");
        return ([new ParameterSpecification(Table, new Shape(Of(settings).Tokens, model.EmbeddingColumns))], []);
    }

    internal override void Initialize(AdapterParts parts, ulong seed) =>
        parts.Trained[Table].Tensor.CopyFrom(InitialEmbeddings(parts, Of(parts.Settings).Initialization ?? PromptInitialization.Random, seed));

    internal override AdapterWiring Wire(AdapterParts parts) => new([], new SoftPrompt(Of(parts.Settings).Tokens, _ => parts.Trained[Table].Tensor));
}
