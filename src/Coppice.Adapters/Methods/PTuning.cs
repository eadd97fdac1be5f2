using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// Embeddings of virtual tokens in front of every text, computed from a table by a network of three linear layers with rectifiers between them. What it computes is kept
/// and the network is not: an adapter that was loaded is trained further as a plain prompt.
/// </summary>
[Technique("p-tuning", Title = "GPT Understands, Too", Paper = "arXiv:2103.10385")]
public sealed class PTuning : PromptMethod
{
    private const string Input = "p_tuning_input";
    private const string First = "p_tuning_mlp.0";
    private const string Second = "p_tuning_mlp.2";
    private const string Third = "p_tuning_mlp.4";

    /// <inheritdoc/>
    public override string Name => "p-tuning";

    /// <summary>P · d, and while there is a network of width w: d · w + w · w + w · d + 2 w + d besides.</summary>
    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var (tokens, columns, width) = ((long)Of(settings).Tokens, (long)model.EmbeddingColumns, (long)WidthOf(model, settings));
        return tokens * columns + (width > 0 ? 2 * columns * width + width * width + 2 * width + columns : 0);
    }

    internal override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var (columns, width) = (model.EmbeddingColumns, WidthOf(model, settings));
        var table = new Shape(Of(settings).Tokens, columns);
        if (width == 0) return ([new ParameterSpecification(Table, table)], []);
        return ([new ParameterSpecification(Input, table), .. LinearLayer(First, columns, width), .. LinearLayer(Second, width, width), .. LinearLayer(Third, width, columns)], []);
    }

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        if (Of(parts.Settings).Initialization is not (null or PromptInitialization.Random)) throw CoppiceException.Usage($"what '{Name}' begins as comes out of a network: it can't be a text");
        if (WidthOf(parts.Model, parts.Settings) == 0)
        {
            parts.Trained[Table].Tensor.CopyFrom(InitialEmbeddings(parts, PromptInitialization.Random, seed));
            return;
        }

        FillNormal(parts.Trained[Input], 1, seed);
        foreach (var layer in new[] { First, Second, Third }) InitializeLinear(parts.Trained, layer, seed);
    }

    internal override AdapterWiring Wire(AdapterParts parts) => new([], new SoftPrompt(Of(parts.Settings).Tokens, tape => Compute(tape, parts)));

    internal override AdapterContents Contents(AdapterParts parts, AdapterContents everything) => Computed(parts, everything, tape => Compute(tape, parts));

    private static int WidthOf(LanguageModel model, AdapterSettings settings) => Of(settings).EncoderWidth ?? model.EmbeddingColumns;

    private static Tensor Compute(Tape tape, AdapterParts parts)
    {
        if (parts.Trained.TryGet(Table, out var table)) return table.Tensor;
        var inner = tape.Apply(Linear(tape, parts.Trained, First, parts.Trained[Input].Tensor), PointwiseFunction.Relu);
        inner = tape.Apply(Linear(tape, parts.Trained, Second, inner), PointwiseFunction.Relu);
        return Linear(tape, parts.Trained, Third, inner);
    }
}
