using Coppice.Tensors;

namespace Coppice.Models.Gguf;

/// <summary>How a parameter's values lie in a GGUF file, compared with a Hugging Face directory.</summary>
internal enum GgufOrder
{
    /// <summary>Alike.</summary>
    Same,

    /// <summary>Rows and columns exchanged: GPT-2's matrices are [inputs, outputs] in Hugging Face's files, [outputs, inputs] in GGUF.</summary>
    Transposed,

    /// <summary>
    /// The rows of each head in another order: rotary positions turn row i with row i + half in Hugging Face's files, and neighbouring rows in GGUF's
    /// <c>llama</c>.
    /// </summary>
    Interleaved,

    /// <summary>
    /// Rows of the same part together: GPT-NeoX has the queries, keys and values of each head side by side in Hugging Face's files, and all queries before all keys
    /// before all values in GGUF.
    /// </summary>
    PartsTogether,

    /// <summary>With one added: Gemma's norms are what is added to a weight of one in Hugging Face's files, and that weight in GGUF.</summary>
    PlusOne,
}

/// <summary>Where a parameter of a model is in a GGUF file.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Tensor">The name of the tensor.</param>
/// <param name="Order">How its values lie.</param>
/// <param name="HeadSize">Rows of a head, where rows are in another order.</param>
internal sealed record GgufPlace(ParameterPlan Parameter, string Tensor, GgufOrder Order, int HeadSize)
{
    /// <summary>The tensor's shape, slowest dimension first.</summary>
    public IReadOnlyList<long> Shape
    {
        get
        {
            var shape = Parameter.Shape;
            if (shape.Rank == 1) return [shape[0]];
            return Order == GgufOrder.Transposed ? [shape[1], shape[0]] : [shape[0], shape[1]];
        }
    }

    /// <summary>The values as a GGUF file has them.</summary>
    /// <param name="values">The parameter's values.</param>
    public float[] ToFile(float[] values) => Order switch
    {
        GgufOrder.Transposed => Transpose(values, Parameter.Shape[0], Parameter.Shape[1]),
        GgufOrder.Interleaved or GgufOrder.PartsTogether => MoveRows(values, toFile: true),
        GgufOrder.PlusOne => [.. values.Select(value => value + 1)],
        _ => values,
    };

    /// <summary>The values as the parameter has them.</summary>
    /// <param name="values">The tensor's values.</param>
    public float[] FromFile(float[] values) => Order switch
    {
        GgufOrder.Transposed => Transpose(values, Parameter.Shape[1], Parameter.Shape[0]),
        GgufOrder.Interleaved or GgufOrder.PartsTogether => MoveRows(values, toFile: false),
        GgufOrder.PlusOne => [.. values.Select(value => value - 1)],
        _ => values,
    };

    /// <summary>Rows in blocks, in the order in which the parameter has its outputs.</summary>
    /// <param name="blocks">The tensor's bytes.</param>
    public byte[] RowsFromFile(byte[] blocks) => Order is GgufOrder.Same or GgufOrder.Transposed ? blocks : MoveRows(blocks, toFile: false);

    /// <summary>Rows and columns exchanged.</summary>
    /// <param name="values">[rows, columns].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    public static float[] Transpose(float[] values, int rows, int columns)
    {
        var transposed = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++) transposed[(long)column * rows + row] = values[(long)row * columns + column];
        }

        return transposed;
    }

    private T[] MoveRows<T>(T[] values, bool toFile)
    {
        var moved = new T[values.Length];
        var rows = Parameter.Shape[0];
        var columns = values.Length / rows;
        for (var row = 0; row < rows; row++)
        {
            var inFile = Order == GgufOrder.Interleaved ? Interleaved(row) : PartsTogether(row, rows);
            var (from, to) = toFile ? (row, inFile) : (inFile, row);
            values.AsSpan(from * columns, columns).CopyTo(moved.AsSpan(to * columns));
        }

        return moved;
    }

    // Row i of a head's halves becomes row 2i, or 2i + 1 from the second half.
    private int Interleaved(int row)
    {
        var inHead = row % HeadSize;
        return row - inHead + 2 * (inHead % (HeadSize / 2)) + inHead / (HeadSize / 2);
    }

    private int PartsTogether(int row, int rows)
    {
        var (head, inHead) = Math.DivRem(row, 3 * HeadSize);
        var (part, inPart) = Math.DivRem(inHead, HeadSize);
        return part * (rows / 3) + head * HeadSize + inPart;
    }
}

/// <summary>The names of tensors in GGUF files, and how their values lie.</summary>
internal static class GgufLayout
{
    private static readonly Dictionary<string, string> Gpt2Names = new(StringComparer.Ordinal)
    {
        ["transformer.wte"] = "token_embd", ["transformer.wpe"] = "position_embd", ["transformer.ln_f"] = "output_norm", ["lm_head"] = "output",
        ["ln_1"] = "attn_norm", ["attn.c_attn"] = "attn_qkv", ["attn.c_proj"] = "attn_output",
        ["ln_2"] = "ffn_norm", ["mlp.c_fc"] = "ffn_up", ["mlp.c_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> LlamaNames = new(StringComparer.Ordinal)
    {
        ["model.embed_tokens"] = "token_embd", ["model.norm"] = "output_norm", ["lm_head"] = "output",
        ["input_layernorm"] = "attn_norm", ["post_attention_layernorm"] = "ffn_norm",
        ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v", ["self_attn.o_proj"] = "attn_output",
        ["self_attn.qkv_proj"] = "attn_qkv", ["mlp.gate_up_proj"] = "ffn_up",
        ["self_attn.q_norm"] = "attn_q_norm", ["self_attn.k_norm"] = "attn_k_norm",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> GptNeoXNames = new(StringComparer.Ordinal)
    {
        ["gpt_neox.embed_in"] = "token_embd", ["gpt_neox.final_layer_norm"] = "output_norm", ["embed_out"] = "output",
        ["input_layernorm"] = "attn_norm", ["attention.query_key_value"] = "attn_qkv", ["attention.dense"] = "attn_output",
        ["post_attention_layernorm"] = "ffn_norm", ["mlp.dense_h_to_4h"] = "ffn_up", ["mlp.dense_4h_to_h"] = "ffn_down",
    };

    /// <summary>Where each parameter of a model is.</summary>
    /// <param name="configuration">The model's configuration.</param>
    public static IReadOnlyList<GgufPlace> Places(ModelConfiguration configuration)
    {
        var names = configuration switch { Gpt2Configuration => Gpt2Names, GptNeoXConfiguration => GptNeoXNames, _ => LlamaNames };
        // GPT-2 without biases is written with biases of zero, as its directories are.
        var plan = configuration is Gpt2Configuration gpt2 ? (gpt2 with { Bias = true }).Plan() : configuration.Plan();
        return [.. plan.Select(parameter => Place(parameter, names, configuration))];
    }

    private static GgufPlace Place(ParameterPlan parameter, Dictionary<string, string> names, ModelConfiguration configuration)
    {
        var dot = parameter.Name.LastIndexOf('.');
        var (stem, ending) = (parameter.Name[..dot], parameter.Name[dot..]);
        if (names.TryGetValue(stem, out var name)) return new GgufPlace(parameter, name + ending, name == "output_norm" ? OrderOf(parameter, name, configuration) : GgufOrder.Same, 0);
        // A block's: "transformer.h.3.ln_1", "model.layers.3.self_attn.q_proj".
        var parts = stem.Split('.', 4);
        name = names[parts[3]];
        return new GgufPlace(parameter, $"blk.{parts[2]}.{name}{ending}", OrderOf(parameter, name, configuration), configuration.HeadSize);
    }

    private static GgufOrder OrderOf(ParameterPlan parameter, string name, ModelConfiguration configuration) => configuration switch
    {
        _ when parameter.Shape.Rank == 2 && configuration.LayoutOf(parameter.Name) == WeightLayout.InputsByOutputs => GgufOrder.Transposed,
        LlamaConfiguration { Family: "llama" or "mistral" } when name is "attn_q" or "attn_k" => GgufOrder.Interleaved,
        LlamaConfiguration { NormsAboveOne: true } when parameter.Shape.Rank == 1 && name.EndsWith("_norm", StringComparison.Ordinal) => GgufOrder.PlusOne,
        GptNeoXConfiguration when name == "attn_qkv" => GgufOrder.PartsTogether,
        _ => GgufOrder.Same,
    };
}
