using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// OPT. Shapes: T tokens of the batch, C hidden size, H heads of size D = C / H, M intermediate size, V vocabulary.
/// </summary>
[Technique("opt", Title = "OPT: Open Pre-trained Transformer Language Models", Paper = "arXiv:2205.01068")]
public sealed class OptModel : LanguageModel
{
    private readonly OptConfiguration _configuration;
    private readonly Tensor _positionEmbedding;
    private readonly LayerNormPart _norm;
    private readonly Block[] _blocks;

    internal OptModel(OptConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _positionEmbedding = Parameters[OptConfiguration.PositionEmbedding + ".weight"].Tensor;
        _norm = new LayerNormPart(Parameters, "model.decoder.final_layer_norm", configuration.NormEpsilon);
        _blocks = [.. Enumerable.Range(0, configuration.Layers).Select(layer => new Block(this, layer))];
    }

    private protected override Tensor HiddenRows(Tape tape, ModelInput input)
    {
        var x_TC = Embed(tape, input);
        x_TC = tape.Embedding(input.Positions, _positionEmbedding, added: x_TC);
        x_TC = tape.Dropout(x_TC, _configuration.Dropout, input.Training);
        foreach (var block in _blocks) block.Input = input;
        x_TC = RunBlocks(tape, input, _blocks, x_TC, Side);
        return Joined(tape, _norm.Forward(tape, x_TC));
    }

    private sealed class Block : IBlock
    {
        private readonly OptModel _model;
        private readonly OptConfiguration _configuration;
        private readonly int _layer;
        private readonly LayerNormPart _norm1;
        private readonly LayerNormPart _norm2;
        private readonly Projection _query;
        private readonly Projection _key;
        private readonly Projection _value;
        private readonly Projection _attentionOutput;
        private readonly Projection _up;
        private readonly Projection _down;

        public Block(OptModel model, int layer)
        {
            (_model, _configuration) = (model, model._configuration);
            _layer = layer;
            var (parameters, prefix) = (model.Parameters, $"model.decoder.layers.{layer}.");
            _norm1 = new LayerNormPart(parameters, prefix + "self_attn_layer_norm", _configuration.NormEpsilon);
            _norm2 = new LayerNormPart(parameters, prefix + "final_layer_norm", _configuration.NormEpsilon);
            _query = model.Project(prefix + "self_attn.q_proj");
            _key = model.Project(prefix + "self_attn.k_proj");
            _value = model.Project(prefix + "self_attn.v_proj");
            _attentionOutput = model.Project(prefix + "self_attn.out_proj");
            _up = model.Project(prefix + "fc1");
            _down = model.Project(prefix + "fc2");
        }

        public ModelInput? Input { get; set; }

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var (input, c) = (Input!, _configuration);
            var dropout = input.Training ? c.Dropout : 0;
            var h_TC = _norm1.Forward(tape, x_TC);
            var (q_TC, k_TC, v_TC) = (_query.Forward(tape, h_TC), _key.Forward(tape, h_TC), _value.Forward(tape, h_TC));
            var attended_TC = CausalAttention.Attend(tape, input, _layer, q_TC, k_TC, v_TC, new AttentionShape(c.Heads, c.Heads, c.HeadSize, _model.IsCausal(_layer)));
            x_TC = _attentionOutput.ForwardResidual(tape, attended_TC, x_TC, dropout);
            var up_TM = tape.Apply(_up.Forward(tape, _norm2.Forward(tape, x_TC)), c.Activation);
            return _down.ForwardResidual(tape, up_TM, x_TC, dropout);
        }
    }
}
