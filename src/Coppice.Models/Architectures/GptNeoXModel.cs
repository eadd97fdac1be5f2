using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// GPT-NeoX and Pythia. Shapes: T tokens of the batch, C hidden size, H heads of size D = C / H, M intermediate size, V vocabulary.
/// </summary>
[Technique("gpt-neox", Title = "GPT-NeoX-20B: An Open-Source Autoregressive Language Model", Paper = "arXiv:2204.06745")]
[Technique("pythia", Title = "Pythia: A Suite for Analyzing Large Language Models Across Training and Scaling", Paper = "arXiv:2304.01373")]
public sealed class GptNeoXModel : LanguageModel
{
    private readonly GptNeoXConfiguration _configuration;
    private readonly LayerNormPart _norm;
    private readonly Block[] _blocks;
    private readonly GrowingRotaryTable _rotary;

    internal GptNeoXModel(GptNeoXConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _norm = new LayerNormPart(Parameters, "gpt_neox.final_layer_norm", configuration.NormEpsilon);
        _rotary = new GrowingRotaryTable(backend, configuration, configuration.RotarySize, configuration.RopeTheta, configuration.RotaryScaling);
        _blocks = [.. Enumerable.Range(0, configuration.Layers).Select(layer => new Block(this, layer))];
    }

    private protected override Tensor HiddenRows(Tape tape, ModelInput input)
    {
        var rotary = _rotary.For(input.LastPosition);
        var x_TC = Embed(tape, input);
        x_TC = tape.Dropout(x_TC, _configuration.Dropout, input.Training);
        foreach (var block in _blocks) (block.Input, block.Rotary) = (input, rotary);
        x_TC = RunBlocks(tape, input, _blocks, x_TC, Side);
        return Joined(tape, _norm.Forward(tape, x_TC));
    }

    private protected override void Release() => _rotary.Dispose();

    private sealed class Block : IBlock
    {
        private readonly GptNeoXModel _model;
        private readonly GptNeoXConfiguration _configuration;
        private readonly int _layer;
        private readonly LayerNormPart _norm1;
        private readonly LayerNormPart _norm2;
        private readonly Projection _attention;
        private readonly Projection _attentionOutput;
        private readonly Projection _up;
        private readonly Projection _down;

        public Block(GptNeoXModel model, int layer)
        {
            (_model, _configuration) = (model, model._configuration);
            _layer = layer;
            var (parameters, prefix) = (model.Parameters, $"gpt_neox.layers.{layer}.");
            _norm1 = new LayerNormPart(parameters, prefix + "input_layernorm", _configuration.NormEpsilon);
            _norm2 = new LayerNormPart(parameters, prefix + "post_attention_layernorm", _configuration.NormEpsilon);
            _attention = model.Project(prefix + "attention.query_key_value");
            _attentionOutput = model.Project(prefix + "attention.dense");
            _up = model.Project(prefix + "mlp.dense_h_to_4h");
            _down = model.Project(prefix + "mlp.dense_4h_to_h");
        }

        public ModelInput? Input { get; set; }

        public RotaryTable? Rotary { get; set; }

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var (input, c) = (Input!, _configuration);
            var dropout = input.Training ? c.Dropout : 0;
            // Each head's queries, keys and values stand side by side: a row of them for each token and head.
            var qkv_T3C = _attention.Forward(tape, _norm1.Forward(tape, x_TC));
            var qkv_R3D = tape.Reshape(qkv_T3C, new Shape(input.RowCount * c.Heads, 3 * c.HeadSize));
            var (q_TC, k_TC, v_TC) = (OfHeads(tape, qkv_R3D, 0), OfHeads(tape, qkv_R3D, 1), OfHeads(tape, qkv_R3D, 2));
            var attended_TC = CausalAttention.Attend(tape, input, _layer, q_TC, k_TC, v_TC, new AttentionShape(c.Heads, c.Heads, c.HeadSize, _model.IsCausal(_layer)), Rotary);
            var y_TC = _attentionOutput.ForwardResidual(tape, attended_TC, x_TC, dropout);
            var up_TM = _up.Forward(tape, _norm2.Forward(tape, c.ParallelResidual ? x_TC : y_TC));
            return _down.ForwardResidual(tape, tape.Apply(up_TM, c.Activation), y_TC, dropout);
        }

        private Tensor OfHeads(Tape tape, Tensor qkv_R3D, int part)
        {
            var size = _configuration.HeadSize;
            return tape.Reshape(tape.SliceColumns(qkv_R3D, part * size, size), new Shape(Input!.RowCount, _configuration.HiddenSize));
        }
    }
}
