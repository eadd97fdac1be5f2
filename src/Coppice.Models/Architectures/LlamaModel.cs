using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// The Llama family. Shapes: T tokens of the batch, C hidden size, H query heads and G key/value heads of size D, M intermediate size, V vocabulary.
/// </summary>
[Technique("llama", Title = "LLaMA: Open and Efficient Foundation Language Models", Paper = "arXiv:2302.13971")]
[Technique("mistral", Title = "Mistral 7B", Paper = "arXiv:2310.06825")]
[Technique("qwen2", Title = "Qwen2 Technical Report", Paper = "arXiv:2407.10671")]
[Technique("qwen3", Title = "Qwen3 Technical Report", Paper = "arXiv:2505.09388")]
public sealed class LlamaModel : LanguageModel
{
    private readonly LlamaConfiguration _configuration;
    private readonly Tensor _normWeight;
    private readonly Block[] _blocks;
    private RotaryTable? _rotary;

    internal LlamaModel(LlamaConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _normWeight = Parameters["model.norm.weight"].Tensor;
        _blocks = [.. Enumerable.Range(0, configuration.Layers).Select(layer => new Block(this, layer))];
    }

    /// <inheritdoc/>
    public override Parameter Embedding => Table(_configuration.Tables.Embedding);

    /// <inheritdoc/>
    public override Parameter Head => Table(_configuration.Tables.Head);

    /// <inheritdoc/>
    public override bool CanForget => true;

    /// <inheritdoc/>
    public override Tensor Hidden(Tape tape, ModelInput input)
    {
        var rotary = RotaryFor(input.LastPosition);
        var x_TC = Embed(tape, input.Tokens);
        x_TC = tape.Dropout(x_TC, _configuration.Dropout, input.Training);
        foreach (var block in _blocks)
        {
            (block.Input, block.Rotary) = (input, rotary);
            x_TC = tape.Run(block, x_TC);
        }

        return tape.RmsNorm(x_TC, _normWeight, _configuration.NormEpsilon);
    }

    /// <summary>The table grows as longer sequences come: models allow for positions that most runs never reach.</summary>
    private RotaryTable RotaryFor(int lastPosition)
    {
        if (_rotary is null || _rotary.Positions <= lastPosition)
        {
            var positions = (int)Math.Min(_configuration.MaxPositions, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)lastPosition + 1));
            _rotary = new RotaryTable(Backend, Math.Max(positions, lastPosition + 1), _configuration.HeadSize, _configuration.RopeTheta);
        }

        return _rotary;
    }

    private sealed class Block : IBlock
    {
        private readonly LlamaConfiguration _configuration;
        private readonly int _layer;
        private readonly Tensor _norm1;
        private readonly Tensor _norm2;
        private readonly Tensor? _queryNorm;
        private readonly Tensor? _keyNorm;
        private readonly Projection _query;
        private readonly Projection _key;
        private readonly Projection _value;
        private readonly Projection _output;
        private readonly Projection _gate;
        private readonly Projection _up;
        private readonly Projection _down;

        public Block(LlamaModel model, int layer)
        {
            _configuration = model._configuration;
            _layer = layer;
            var (parameters, prefix) = (model.Parameters, $"model.layers.{layer}.");
            _norm1 = parameters[prefix + "input_layernorm.weight"].Tensor;
            _norm2 = parameters[prefix + "post_attention_layernorm.weight"].Tensor;
            if (_configuration.QueryKeyNorm)
            {
                _queryNorm = parameters[prefix + "self_attn.q_norm.weight"].Tensor;
                _keyNorm = parameters[prefix + "self_attn.k_norm.weight"].Tensor;
            }

            _query = model.Project(prefix + "self_attn.q_proj");
            _key = model.Project(prefix + "self_attn.k_proj");
            _value = model.Project(prefix + "self_attn.v_proj");
            _output = model.Project(prefix + "self_attn.o_proj");
            _gate = model.Project(prefix + "mlp.gate_proj");
            _up = model.Project(prefix + "mlp.up_proj");
            _down = model.Project(prefix + "mlp.down_proj");
        }

        public ModelInput? Input { get; set; }

        public RotaryTable? Rotary { get; set; }

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var (input, c) = (Input!, _configuration);
            var dropout = input.Training ? c.Dropout : 0;
            var h_TC = tape.RmsNorm(x_TC, _norm1, c.NormEpsilon);
            var q_THD = Turn(tape, Norm(tape, _query.Forward(tape, h_TC), _queryNorm), c.Heads);
            var k_TGD = Norm(tape, _key.Forward(tape, h_TC), _keyNorm);
            if (input.KeyPlaces is null) k_TGD = Turn(tape, k_TGD, c.KeyValueHeads);
            var v_TGD = _value.Forward(tape, h_TC);
            if (input.Cache is { } cache)
            {
                cache.Write(_layer, input.Runs, k_TGD, 0, v_TGD, 0);
                (k_TGD, v_TGD) = (cache.Keys(_layer), cache.Values(_layer));
                if (input.KeyPlaces is { } places) k_TGD = tape.RotaryKeys(cache, _layer, places, Rotary!, c.KeyValueHeads);
            }

            var shape = new AttentionShape(c.Heads, c.KeyValueHeads, c.HeadSize, Causal: true, c.SlidingWindow);
            var attended_THD = tape.Attention(q_THD, k_TGD, v_TGD, input.Layout, shape);
            x_TC = _output.ForwardResidual(tape, attended_THD, x_TC, dropout);
            h_TC = tape.RmsNorm(x_TC, _norm2, c.NormEpsilon);
            var gated_TM = tape.SwiGlu(_gate.Forward(tape, h_TC), _up.Forward(tape, h_TC));
            return _down.ForwardResidual(tape, gated_TM, x_TC, dropout);
        }

        private Tensor Norm(Tape tape, Tensor x, Tensor? weight) => weight is null ? x : tape.RmsNorm(x, weight, _configuration.NormEpsilon);

        private Tensor Turn(Tape tape, Tensor x, int heads) => tape.Rotary(x, Input!.Positions, Rotary!, heads);
    }
}
