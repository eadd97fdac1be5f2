using Coppice.Tensors;

namespace Coppice.Models.Onnx;

/// <summary>The layers of encoders as operations of a graph. Shapes: B texts, S tokens of the longest, E embedding size, C hidden size, H heads, D head size.</summary>
/// <param name="graph">Takes the operations.</param>
internal sealed class OnnxLayers(OnnxGraph graph)
{
    /// <summary>x · Wᵀ + b.</summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="name">The layer, with <c>.weight</c> [outputs, inputs] and <c>.bias</c>.</param>
    public string Linear(string x, string name) => Linear(x, name + ".weight", name + ".bias");

    /// <summary>x · Wᵀ + b.</summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">The matrix [outputs, inputs].</param>
    /// <param name="bias">The bias [outputs].</param>
    public string Linear(string x, string weight, string bias)
    {
        // Whoever loads the file turns the matrix once; stored as it is, the embedding and a head that shares its matrix are there once.
        var turned = graph.Apply("Transpose", [graph.Parameter(weight)], ("perm", new long[] { 1, 0 }));
        return graph.Apply("Add", [graph.Apply("MatMul", [x, turned]), graph.Parameter(bias)]);
    }

    /// <summary>Layer normalisation of the last dimension.</summary>
    /// <param name="x">[…, width].</param>
    /// <param name="name">The norm, with <c>.weight</c> and <c>.bias</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public string Norm(string x, string name, float epsilon) =>
        graph.Apply("LayerNormalization", [x, graph.Parameter(name + ".weight"), graph.Parameter(name + ".bias")], ("axis", -1L), ("epsilon", epsilon));

    /// <summary>An activation.</summary>
    /// <param name="x">What it is applied to.</param>
    /// <param name="function">Which.</param>
    public string Activation(string x, PointwiseFunction function)
    {
        switch (function)
        {
            case PointwiseFunction.Relu:
                return graph.Apply("Relu", [x]);
            case PointwiseFunction.Silu:
                return Multiply(x, graph.Apply("Sigmoid", [x]));
            case PointwiseFunction.GeluErf:
                return HalfOnePlus(x, graph.Apply("Erf", [Multiply(x, graph.Scalar(MathF.Sqrt(0.5f)))]));
            case PointwiseFunction.GeluTanh:
                var cubic = Add(x, Multiply(graph.Scalar(0.044715f), Multiply(x, Multiply(x, x))));
                return HalfOnePlus(x, graph.Apply("Tanh", [Multiply(graph.Scalar(MathF.Sqrt(2 / MathF.PI)), cubic)]));
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "is no activation of an encoder");
        }
    }

    /// <summary>Token, position and type embeddings, added up and normalised.</summary>
    /// <param name="prefix">In front of the names.</param>
    /// <param name="tokens">[B, S].</param>
    /// <param name="types">[B, S].</param>
    /// <param name="padToken">The token that stands for nothing, where positions are counted from behind it on (RoBERTa); null where they begin with 0.</param>
    /// <param name="epsilon">Of the norm.</param>
    /// <returns>[B, S, E].</returns>
    public string Embeddings(string prefix, string tokens, string types, int? padToken, float epsilon)
    {
        var words = Look(prefix + "embeddings.word_embeddings.weight", tokens);
        var positions = Look(prefix + "embeddings.position_embeddings.weight", padToken is { } pad ? PositionsBehind(tokens, pad) : Positions(tokens));
        var sum = Add(Add(words, positions), Look(prefix + "embeddings.token_type_embeddings.weight", types));
        return Norm(sum, prefix + "embeddings.LayerNorm", epsilon);
    }

    /// <summary>What is added to the scores of attention: nothing for a token, the least number for padding.</summary>
    /// <param name="mask">[B, S]: 1 for a token, 0 for padding.</param>
    /// <returns>[B, 1, 1, S].</returns>
    public string Penalty(string mask)
    {
        var isPadding = graph.Apply("Sub", [graph.Scalar(1), graph.Apply("Cast", [mask], ("to", (long)OnnxType.Float))]);
        return graph.Apply("Unsqueeze", [Multiply(isPadding, graph.Scalar(float.MinValue)), graph.Integers(1, 2)]);
    }

    /// <summary>All blocks of an encoder, and the projection in front of them where the embeddings have another width.</summary>
    /// <param name="x">[B, S, E].</param>
    /// <param name="penalty">Of <see cref="Penalty"/>.</param>
    /// <param name="prefix">In front of the names.</param>
    /// <param name="sizes">The sizes.</param>
    /// <returns>[B, S, C].</returns>
    public string Blocks(string x, string penalty, string prefix, EncoderSizes sizes)
    {
        if (sizes.EmbeddingSize != sizes.HiddenSize) x = Linear(x, prefix + "embeddings_project");
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var block = $"{prefix}encoder.layer.{layer}.";
            var attended = Linear(Attention(x, penalty, block + "attention.self.", sizes), block + "attention.output.dense");
            x = Norm(Add(attended, x), block + "attention.output.LayerNorm", sizes.NormEpsilon);
            var inner = Activation(Linear(x, block + "intermediate.dense"), sizes.Activation);
            x = Norm(Add(Linear(inner, block + "output.dense"), x), block + "output.LayerNorm", sizes.NormEpsilon);
        }

        return x;
    }

    private string Attention(string x, string penalty, string prefix, EncoderSizes sizes)
    {
        var size = sizes.HiddenSize / sizes.Heads;
        string Heads(string part, params long[] order) =>
            graph.Apply("Transpose", [graph.Apply("Reshape", [Linear(x, prefix + part), graph.Integers(0, 0, sizes.Heads, size)])], ("perm", order));

        // [B, H, S, D] · [B, H, D, S]: scores [B, H, S, S].
        var scores = graph.Apply("MatMul", [Heads("query", 0, 2, 1, 3), Heads("key", 0, 2, 3, 1)]);
        var shares = graph.Apply("Softmax", [Add(Multiply(scores, graph.Scalar(1 / MathF.Sqrt(size))), penalty)], ("axis", -1L));
        var attended = graph.Apply("Transpose", [graph.Apply("MatMul", [shares, Heads("value", 0, 2, 1, 3)])], ("perm", new long[] { 0, 2, 1, 3 }));
        return graph.Apply("Reshape", [attended, graph.Integers(0, 0, sizes.HiddenSize)]);
    }

    // [S].
    private string Positions(string tokens)
    {
        var length = graph.Apply("Gather", [graph.Apply("Shape", [tokens]), graph.Integer(1)], ("axis", 0L));
        return graph.Apply("Range", [graph.Integer(0), length, graph.Integer(1)]);
    }

    // [B, S]: the first token has the position behind the padding's, which has its own.
    private string PositionsBehind(string tokens, int pad)
    {
        var isToken = graph.Apply("Cast", [graph.Apply("Not", [graph.Apply("Equal", [tokens, graph.Integer(pad)])])], ("to", (long)OnnxType.Int64));
        return Add(Multiply(graph.Apply("CumSum", [isToken, graph.Integer(1)]), isToken), graph.Integer(pad));
    }

    private string Look(string table, string rows) => graph.Apply("Gather", [graph.Parameter(table), rows], ("axis", 0L));

    private string Add(string a, string b) => graph.Apply("Add", [a, b]);

    private string Multiply(string a, string b) => graph.Apply("Mul", [a, b]);

    private string HalfOnePlus(string x, string y) => Multiply(Multiply(x, graph.Scalar(0.5f)), Add(graph.Scalar(1), y));
}
