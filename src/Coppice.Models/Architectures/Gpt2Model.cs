using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// GPT-2. Shapes: T tokens of the batch, C hidden size, H heads of size D = C / H, M intermediate size, V vocabulary.
/// </summary>
[Technique("gpt2", Title = "Language Models are Unsupervised Multitask Learners", Paper = "openai:gpt-2")]
public sealed class Gpt2Model : LanguageModel
{
    private readonly Gpt2Configuration _configuration;
    private readonly Tensor _positionEmbedding;
    private readonly Tensor _normWeight;
    private readonly Tensor? _normBias;
    private readonly Block[] _blocks;

    internal Gpt2Model(Gpt2Configuration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _positionEmbedding = Parameters[Gpt2Configuration.PositionEmbedding].Tensor;
        (_normWeight, _normBias) = Norm("transformer.ln_f");
        _blocks = [.. Enumerable.Range(0, configuration.Layers).Select(layer => new Block(this, layer))];
    }

    private protected override Tensor HiddenRows(Tape tape, ModelInput input)
    {
        var x_TC = Embed(tape, input);
        x_TC = tape.Embedding(input.Positions, _positionEmbedding, added: x_TC);
        x_TC = tape.Dropout(x_TC, _configuration.Dropout, input.Training);
        foreach (var block in _blocks) block.Input = input;
        x_TC = RunBlocks(tape, input, _blocks, x_TC, Side);
        return Joined(tape, tape.LayerNorm(x_TC, _normWeight, _normBias, _configuration.NormEpsilon));
    }

    private (Tensor Weight, Tensor? Bias) Norm(string name) =>
        (Parameters[name + ".weight"].Tensor, Parameters.TryGet(name + ".bias", out var bias) ? bias.Tensor : null);

    private sealed class Block : IBlock
    {
        private readonly Gpt2Model _model;
        private readonly Gpt2Configuration _configuration;
        private readonly int _layer;
        private readonly (Tensor Weight, Tensor? Bias) _norm1;
        private readonly (Tensor Weight, Tensor? Bias) _norm2;
        private readonly Projection _attention;
        private readonly Projection _attentionOutput;
        private readonly Projection _up;
        private readonly Projection _down;

        public Block(Gpt2Model model, int layer)
        {
            (_model, _configuration) = (model, model._configuration);
            _layer = layer;
            var prefix = $"transformer.h.{layer}.";
            _norm1 = model.Norm(prefix + "ln_1");
            _norm2 = model.Norm(prefix + "ln_2");
            _attention = model.Project(prefix + "attn.c_attn");
            _attentionOutput = model.Project(prefix + "attn.c_proj");
            _up = model.Project(prefix + "mlp.c_fc");
            _down = model.Project(prefix + "mlp.c_proj");
        }

        public ModelInput? Input { get; set; }

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var input = Input!;
            var c = _configuration;
            var dropout = input.Training ? c.Dropout : 0;
            var shape = new AttentionShape(c.Heads, c.Heads, c.HeadSize, _model.IsCausal(_layer));
            var qkv_T3C = _attention.Forward(tape, tape.LayerNorm(x_TC, _norm1.Weight, _norm1.Bias, c.NormEpsilon));
            Tensor attended_TC;
            if (input.Cache is { } cache)
            {
                cache.Write(_layer, input.Runs, qkv_T3C, c.HiddenSize, qkv_T3C, 2 * c.HiddenSize);
                attended_TC = tape.Attention(tape.SliceColumns(qkv_T3C, 0, c.HiddenSize), cache.Keys(_layer), cache.Values(_layer), input.Layout, shape);
            }
            else
            {
                attended_TC = tape.Attention(qkv_T3C, input.Layout, shape);
            }

            x_TC = _attentionOutput.ForwardResidual(tape, attended_TC, x_TC, dropout);
            var up_TM = _up.Forward(tape, tape.LayerNorm(x_TC, _norm2.Weight, _norm2.Bias, c.NormEpsilon));
            return _down.ForwardResidual(tape, tape.Apply(up_TM, c.Activation), x_TC, dropout);
        }
    }
}
