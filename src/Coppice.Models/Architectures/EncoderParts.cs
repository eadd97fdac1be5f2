using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A norm's weight and bias.</summary>
internal sealed class LayerNormPart(ParameterSet parameters, string name, float epsilon)
{
    private readonly Tensor _weight = parameters[name + ".weight"].Tensor;
    private readonly Tensor _bias = parameters[name + ".bias"].Tensor;

    public Tensor Forward(Tape tape, Tensor x) => tape.LayerNorm(x, _weight, _bias, epsilon);
}

/// <summary>Sum of token, position and type embeddings, normalised. Shapes: T tokens, E embedding size.</summary>
internal sealed class EncoderEmbeddings(LanguageModel model, string prefix, float epsilon, float dropout)
{
    private readonly Tensor _positions = model.Parameters[prefix + "embeddings.position_embeddings.weight"].Tensor;
    private readonly Tensor _types = model.Parameters[prefix + "embeddings.token_type_embeddings.weight"].Tensor;
    private readonly LayerNormPart _norm = new(model.Parameters, prefix + "embeddings.LayerNorm", epsilon);

    public Tensor Forward(Tape tape, ModelInput input)
    {
        var x_TE = model.Embed(tape, input);
        x_TE = tape.Embedding(input.Positions, _positions, added: x_TE);
        x_TE = tape.Embedding(input.TokenTypes, _types, added: x_TE);
        return tape.Dropout(_norm.Forward(tape, x_TE), dropout, input.Training);
    }
}

/// <summary>
/// The blocks of an encoder: attention in both directions and an MLP, each followed by a norm over branch and residual together.
/// Shapes: T tokens, E embedding size, C hidden size, M intermediate size.
/// </summary>
internal sealed class EncoderStack
{
    private readonly Projection? _project;
    private readonly Block[] _blocks;

    public EncoderStack(LanguageModel model, string prefix, EncoderSizes sizes)
        : this(
            sizes.EmbeddingSize == sizes.HiddenSize ? null : model.Project(prefix + "embeddings_project"),
            [.. Enumerable.Range(0, sizes.Layers).Select(layer => new Block(model, $"{prefix}{EncoderPlan.Layer}{layer}.", sizes))])
    {
    }

    private EncoderStack(Projection? project, Block[] blocks) => (_project, _blocks) = (project, blocks);

    /// <summary>The same blocks, as far as some layer.</summary>
    public EncoderStack Lowest(int layers) => new(_project, _blocks[..layers]);

    public Tensor Forward(Tape tape, Tensor x_TE, ModelInput input, SideNetwork? side = null)
    {
        var x_TC = _project is null ? x_TE : _project.Forward(tape, x_TE);
        foreach (var block in _blocks) block.Input = input;
        return LanguageModel.RunBlocks(tape, input, _blocks, x_TC, side);
    }

    private sealed class Block(LanguageModel model, string prefix, EncoderSizes sizes) : IBlock
    {
        private readonly AttentionShape _shape = new(sizes.Heads, sizes.Heads, sizes.HiddenSize / sizes.Heads, Causal: false);
        private readonly Projection _query = model.Project(prefix + "attention.self.query");
        private readonly Projection _key = model.Project(prefix + "attention.self.key");
        private readonly Projection _value = model.Project(prefix + "attention.self.value");
        private readonly Projection _output = model.Project(prefix + "attention.output.dense");
        private readonly LayerNormPart _norm1 = new(model.Parameters, prefix + "attention.output.LayerNorm", sizes.NormEpsilon);
        private readonly Projection _up = model.Project(prefix + "intermediate.dense");
        private readonly Projection _down = model.Project(prefix + "output.dense");
        private readonly LayerNormPart _norm2 = new(model.Parameters, prefix + "output.LayerNorm", sizes.NormEpsilon);

        public ModelInput? Input { get; set; }

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var dropout = Input!.Training ? sizes.Dropout : 0;
            var attended_TC = tape.Attention(_query.Forward(tape, x_TC), _key.Forward(tape, x_TC), _value.Forward(tape, x_TC), Input.Layout, _shape);
            x_TC = _norm1.Forward(tape, _output.ForwardResidual(tape, attended_TC, x_TC, dropout));
            var up_TM = tape.Apply(_up.Forward(tape, x_TC), sizes.Activation);
            return _norm2.Forward(tape, _down.ForwardResidual(tape, up_TM, x_TC, dropout));
        }
    }
}

/// <summary>What stands between hidden states and the head that predicts hidden tokens: a linear layer, an activation and a norm.</summary>
internal sealed class PredictionTransform(LanguageModel model, string dense, string norm, EncoderSizes sizes)
{
    private readonly Projection _dense = model.Project(dense);
    private readonly LayerNormPart _norm = new(model.Parameters, norm, sizes.NormEpsilon);

    public Tensor Forward(Tape tape, Tensor x) => _norm.Forward(tape, tape.Apply(_dense.Forward(tape, x), sizes.Activation));
}
