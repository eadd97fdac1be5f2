using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// Keys and values in front of every text, in every layer, are trained: Attn(q) = (1 - λ) · softmax(q Kᵀ) V + λ · softmax(q Pₖᵀ) Pᵥ, where λ is the share of the prefix.
/// They begin as the keys and values of real tokens; with <see cref="PromptSettings.EncoderWidth"/> a network with tanh computes them while they are trained. As in PEFT
/// they are not turned by rotary positions, and the text begins at the position P. With a sliding window, text beyond it no longer sees them.
/// </summary>
[Technique("prefix-tuning", Title = "Prefix-Tuning: Optimizing Continuous Prompts for Generation", Paper = "arXiv:2101.00190")]
public sealed class PrefixTuning : PromptMethod
{
    private const string Input = "prefix_input";
    private const string First = "prefix_transform.0";
    private const string Second = "prefix_transform.2";

    /// <inheritdoc/>
    public override string Name => "prefix";

    /// <summary>2 · layers · P · d_kv; with a network of width w, P · d_kv + d_kv · w + w + 2 · layers · d_kv · (w + 1) while it is trained.</summary>
    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var (tokens, width, inner) = ((long)Of(settings).Tokens, (long)KeyWidth(model), (long)(Of(settings).EncoderWidth ?? 0));
        var columns = 2 * model.Configuration.Layers * width;
        return inner == 0 ? tokens * columns : tokens * width + width * inner + inner + columns * (inner + 1);
    }

    internal override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        if (model.Configuration is LlamaConfiguration { QueryKeyNorm: true }) throw CoppiceException.Usage($"a {model.Configuration.ModelType} model norms its keys behind the projection: it takes no prefix of keys; take prompt");
        if (model.Configuration is LlamaConfiguration { RotaryScaling.Magnitude: not 1 } or GptNeoXConfiguration { RotaryScaling.Magnitude: not 1 })
            throw CoppiceException.Usage($"this {model.Configuration.ModelType} model lengthens its keys as it turns them (rope_scaling): it takes no prefix of keys; take prompt");
        var (width, columns, inner) = (KeyWidth(model), checked(2 * model.Configuration.Layers * KeyWidth(model)), Of(settings).EncoderWidth ?? 0);
        if (inner == 0) return ([new ParameterSpecification(Table, new Shape(Of(settings).Tokens, columns))], []);
        return ([new ParameterSpecification(Input, new Shape(Of(settings).Tokens, width)), .. LinearLayer(First, width, inner), .. LinearLayer(Second, inner, columns)], []);
    }

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        var initialization = Of(parts.Settings).Initialization;
        if (!parts.Trained.TryGet(Table, out var table))
        {
            if (initialization is not (null or PromptInitialization.Random)) throw CoppiceException.Usage($"what '{Name}' with a network begins as comes out of it: it can't be a text");
            FillNormal(parts.Trained[Input], 1, seed);
            InitializeLinear(parts.Trained, First, seed);
            InitializeLinear(parts.Trained, Second, seed);
            return;
        }

        // An encoder's keys depend on all of the text: those of a few tokens alone are nobody's.
        initialization ??= parts.Model.Configuration.IsCausal ? PromptInitialization.Vocabulary : PromptInitialization.Random;
        if (initialization == PromptInitialization.Random) FillNormal(table, parts.Model.Configuration.InitializerRange, seed);
        else table.Tensor.CopyFrom(KeysAndValues(parts.Model, InitialTokens(parts, initialization.Value, seed)));
    }

    internal override AdapterWiring Wire(AdapterParts parts)
    {
        var model = parts.Model;
        var prefix = new Prefix(Of(parts.Settings).Tokens, model.EmbeddingColumns, tape => Compute(tape, parts));
        var deltas = model.Projections.Select(slot => (Slot: slot, Rows: RowsOf(model, prefix, slot))).Where(pair => pair.Rows is not null)
            .Select(pair => (pair.Slot, (WeightDelta)new PrefixDelta(prefix, pair.Rows!)));
        return new AdapterWiring([.. deltas], prefix);
    }

    internal override AdapterContents Contents(AdapterParts parts, AdapterContents everything) => Computed(parts, everything, tape => Compute(tape, parts));

    private static int KeyWidth(LanguageModel model) => checked(model.Configuration.KeyValueHeads * model.Configuration.HeadSize);

    private static Tensor Compute(Tape tape, AdapterParts parts) => parts.Trained.TryGet(Table, out var table)
        ? table.Tensor
        : Linear(tape, parts.Trained, Second, tape.Apply(Linear(tape, parts.Trained, First, parts.Trained[Input].Tensor), PointwiseFunction.Tanh));

    /// <summary>What the rows of virtual tokens hold behind a projection: keys, values or both, as the architecture lays them out; null for projections to something else.</summary>
    private static Func<Tape, Tensor>? RowsOf(LanguageModel model, Prefix prefix, ProjectionSlot slot)
    {
        if (slot.Name.StartsWith("generator.", StringComparison.Ordinal) || TargetSelection.LayerOf(slot.Name, []) is not { } layer) return null;
        var (width, heads, size) = (KeyWidth(model), model.Configuration.KeyValueHeads, model.Configuration.HeadSize);
        float[] zeros = [];
        return slot.Name[(slot.Name.LastIndexOf('.') + 1)..] switch
        {
            "k_proj" or "key" => Keys,
            "v_proj" or "value" => Values,
            // Queries, keys and values side by side: nobody asks for a virtual token's queries.
            "c_attn" or "qkv_proj" => tape => tape.ConcatenateColumns(Queries(tape, prefix.Count, slot.Outputs - 2 * width), tape.SliceColumns(prefix.KeysAndValues, 2 * layer * width, 2 * width)),
            // The same head by head.
            "query_key_value" => tape => tape.Reshape(
                tape.ConcatenateColumns(tape.ConcatenateColumns(Queries(tape, prefix.Count * heads, size), OfHeads(tape, Keys(tape))), OfHeads(tape, Values(tape))), new Shape(prefix.Count, slot.Outputs)),
            _ => null,
        };

        Tensor Keys(Tape tape) => tape.SliceColumns(prefix.KeysAndValues, 2 * layer * width, width);

        Tensor Values(Tape tape) => tape.SliceColumns(prefix.KeysAndValues, (2 * layer + 1) * width, width);

        Tensor Queries(Tape tape, int rows, int columns)
        {
            if (zeros.Length == 0) zeros = new float[rows * columns];
            return tape.Constant(new Shape(rows, columns), zeros);
        }

        Tensor OfHeads(Tape tape, Tensor rows) => tape.Reshape(rows, new Shape(prefix.Count * heads, size));
    }

    /// <summary>The keys and values that a decoder has of tokens: [tokens, 2 · layers · width].</summary>
    private static float[] KeysAndValues(LanguageModel model, int[] tokens)
    {
        using var cache = model.CreateCache(tokens.Length);
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        input.Set(tape, tokens, cache);
        model.Hidden(tape, input);
        var (layers, width) = (model.Configuration.Layers, cache.Width);
        var values = new float[tokens.Length * 2 * layers * width];
        for (var row = 0; row < tokens.Length; row++)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                var to = values.AsSpan((2 * layers * row + 2 * layer) * width, 2 * width);
                cache.Keys(layer).CopyTo((long)(cache.RowOf(0) + row) * width, to[..width]);
                cache.Values(layer).CopyTo((long)(cache.RowOf(0) + row) * width, to[width..]);
            }
        }

        return values;
    }
}
