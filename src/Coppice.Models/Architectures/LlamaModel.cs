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
[Technique("phi-3", Title = "Phi-3 Technical Report: A Highly Capable Language Model Locally on Your Phone", Paper = "arXiv:2404.14219")]
[Technique("gemma", Title = "Gemma: Open Models Based on Gemini Research and Technology", Paper = "arXiv:2403.08295")]
public sealed class LlamaModel : LanguageModel
{
    private readonly LlamaConfiguration _configuration;
    private readonly RmsNormPart _norm;
    private readonly Block[] _blocks;
    private readonly GrowingRotaryTable _rotary;

    internal LlamaModel(LlamaConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _norm = Norm("model.norm");
        _rotary = new GrowingRotaryTable(backend, configuration, configuration.RotarySize, configuration.RopeTheta, configuration.RotaryScaling);
        _blocks = [.. Enumerable.Range(0, configuration.Layers).Select(layer => new Block(this, layer))];
    }

    private protected override Tensor HiddenRows(Tape tape, ModelInput input)
    {
        var rotary = _rotary.For(input.LastPosition);
        var x_TC = Embed(tape, input);
        if (_configuration.EmbeddingScale != 1) x_TC = tape.Scale(x_TC, _configuration.EmbeddingScale);
        x_TC = tape.Dropout(x_TC, _configuration.Dropout, input.Training);
        foreach (var block in _blocks) (block.Input, block.Rotary) = (input, rotary);
        x_TC = RunBlocks(tape, input, _blocks, x_TC, Side);
        return Joined(tape, _norm.Forward(tape, x_TC));
    }

    private protected override bool HasWindow => _configuration.SlidingWindow > 0;

    private protected override void Release() => _rotary.Dispose();

    private RmsNormPart Norm(string name) => new(Parameters, name, _configuration.NormEpsilon, _configuration.NormsAboveOne);

    private sealed class Block : IBlock
    {
        private readonly LlamaModel _model;
        private readonly LlamaConfiguration _configuration;
        private readonly int _layer;
        private readonly RmsNormPart _norm1;
        private readonly RmsNormPart _norm2;
        private readonly RmsNormPart? _queryNorm;
        private readonly RmsNormPart? _keyNorm;
        private readonly QueryKeyValue _attention;
        private readonly Projection _output;
        private readonly GatedMlp _mlp;

        public Block(LlamaModel model, int layer)
        {
            (_model, _configuration) = (model, model._configuration);
            _layer = layer;
            var prefix = $"model.layers.{layer}.";
            _norm1 = model.Norm(prefix + "input_layernorm");
            _norm2 = model.Norm(prefix + "post_attention_layernorm");
            if (_configuration.QueryKeyNorm)
            {
                _queryNorm = model.Norm(prefix + "self_attn.q_norm");
                _keyNorm = model.Norm(prefix + "self_attn.k_norm");
            }

            _attention = new QueryKeyValue(Project, _configuration);
            _output = Project("self_attn.o_proj");
            _mlp = new GatedMlp(Project, _configuration);

            Projection Project(string name) => model.Project(prefix + name);
        }

        public ModelInput? Input { get; set; }

        public RotaryTable? Rotary { get; set; }

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var (input, c) = (Input!, _configuration);
            var dropout = input.Training ? c.Dropout : 0;
            var (q_THD, k_TGD, v_TGD) = _attention.Forward(tape, _norm1.Forward(tape, x_TC));
            if (_queryNorm is not null) (q_THD, k_TGD) = (_queryNorm.Forward(tape, q_THD), _keyNorm!.Forward(tape, k_TGD));
            var shape = new AttentionShape(c.Heads, c.KeyValueHeads, c.HeadSize, _model.IsCausal(_layer), c.SlidingWindow);
            var attended_THD = CausalAttention.Attend(tape, input, _layer, q_THD, k_TGD, v_TGD, shape, Rotary);
            x_TC = _output.ForwardResidual(tape, attended_THD, x_TC, dropout);
            return _mlp.ForwardResidual(tape, _norm2.Forward(tape, x_TC), x_TC, dropout);
        }
    }
}
