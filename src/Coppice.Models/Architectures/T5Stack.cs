using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// What the blocks of a decoder look at beside their own text: the encoder's states of the text that was read, or the keys and values that were made of them.
/// </summary>
/// <param name="Layout">Which queries see which of them.</param>
/// <param name="States">[source tokens, hidden]; null where keys and values are cached.</param>
/// <param name="Cache">Keys and values in every layer; null where they are made of the states.</param>
internal readonly record struct T5Source(AttentionLayout Layout, Tensor? States, KeyValueCache? Cache);

/// <summary>
/// The blocks of T5's encoder or decoder, with the last norm: norms in front of each branch, scores without a division, and biases by distance that all layers
/// share and the first one holds. Shapes: T tokens, C hidden size, H heads of size D, S source tokens, M intermediate size.
/// </summary>
internal sealed class T5Stack
{
    private readonly T5Configuration _configuration;
    private readonly Tensor _distanceBias;
    private readonly int[] _buckets;
    private readonly Tensor _norm;
    private readonly Block[] _blocks;

    public T5Stack(LanguageModel model, T5Configuration configuration, string name, int layers, bool decodes)
    {
        _configuration = configuration;
        _distanceBias = model.Parameters[name + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight"].Tensor;
        _buckets = RelativePositions.Table(bothWays: !decodes, configuration.Buckets, configuration.MaxDistance);
        _norm = model.Parameters[name + ".final_layer_norm.weight"].Tensor;
        _blocks = [.. Enumerable.Range(0, layers).Select(layer => new Block(model, configuration, $"{name}.block.{layer}.layer.", layer, decodes))];
    }

    /// <summary>From embeddings to hidden states.</summary>
    public Tensor Forward(Tape tape, Tensor x_TC, ModelInput input, T5Source source = default)
    {
        var bias = tape.Embedding(tape.Integers(_buckets), _distanceBias);
        foreach (var block in _blocks)
        {
            (block.Input, block.Bias, block.Source) = (input, bias, source);
            x_TC = tape.Run(block, x_TC);
        }

        return tape.RmsNorm(x_TC, _norm, _configuration.NormEpsilon);
    }

    /// <summary>Writes the keys and values of a text that was read into a cache, for all layers of a decoder.</summary>
    public void Write(Tape tape, Tensor states_SC, KeyValueCache cache)
    {
        var run = new CacheRun(0, states_SC.Rows);
        for (var layer = 0; layer < _blocks.Length; layer++)
        {
            var (key, value) = _blocks[layer].KeysAndValuesOf(tape, states_SC);
            cache.Write(layer, new ReadOnlySpan<CacheRun>(in run), key, 0, value, 0);
        }

        cache.Advance(run.Tokens);
    }

    private sealed class Block : IBlock
    {
        private readonly T5Configuration _configuration;
        private readonly int _layer;
        private readonly AttentionPart _own;
        private readonly AttentionPart? _cross;
        private readonly AttentionShape _ownShape;
        private readonly AttentionShape _crossShape;
        private readonly Tensor _norm;
        private readonly Projection _up;
        private readonly Projection? _gate;
        private readonly Projection _down;

        public Block(LanguageModel model, T5Configuration configuration, string prefix, int layer, bool decodes)
        {
            (_configuration, _layer) = (configuration, layer);
            _ownShape = new AttentionShape(configuration.Heads, configuration.Heads, configuration.HeadSize, Causal: decodes, Scale: 1);
            _crossShape = _ownShape with { Causal = false };
            _own = new AttentionPart(model, prefix + "0.", "SelfAttention.");
            if (decodes) _cross = new AttentionPart(model, prefix + "1.", "EncDecAttention.");
            prefix += decodes ? "2." : "1.";
            _norm = model.Parameters[prefix + "layer_norm.weight"].Tensor;
            if (configuration.GatedGelu) _gate = model.Project(prefix + "DenseReluDense.wi_0");
            _up = model.Project(prefix + (configuration.GatedGelu ? "DenseReluDense.wi_1" : "DenseReluDense.wi"));
            _down = model.Project(prefix + "DenseReluDense.wo");
        }

        public ModelInput? Input { get; set; }

        public Tensor? Bias { get; set; }

        public T5Source Source { get; set; }

        public (Tensor Key, Tensor Value) KeysAndValuesOf(Tape tape, Tensor states_SC) => (_cross!.Key.Forward(tape, states_SC), _cross.Value.Forward(tape, states_SC));

        public Tensor Forward(Tape tape, Tensor x_TC)
        {
            var input = Input!;
            var dropout = input.Training ? _configuration.Dropout : 0;
            var h_TC = tape.RmsNorm(x_TC, _own.Norm, _configuration.NormEpsilon);
            var (k_THD, v_THD) = (_own.Key.Forward(tape, h_TC), _own.Value.Forward(tape, h_TC));
            if (input.Cache is { } cache)
            {
                cache.Write(_layer, input.Runs, k_THD, 0, v_THD, 0);
                (k_THD, v_THD) = (cache.Keys(_layer), cache.Values(_layer));
            }

            var attended_THD = tape.Attention(_own.Query.Forward(tape, h_TC), k_THD, v_THD, input.Layout, _ownShape, Bias);
            x_TC = _own.Output.ForwardResidual(tape, attended_THD, x_TC, dropout);
            if (_cross is not null)
            {
                h_TC = tape.RmsNorm(x_TC, _cross.Norm, _configuration.NormEpsilon);
                var (k_SHD, v_SHD) = Source.Cache is { } read ? (read.Keys(_layer), read.Values(_layer)) : KeysAndValuesOf(tape, Source.States!);
                attended_THD = tape.Attention(_cross.Query.Forward(tape, h_TC), k_SHD, v_SHD, Source.Layout, _crossShape);
                x_TC = _cross.Output.ForwardResidual(tape, attended_THD, x_TC, dropout);
            }

            h_TC = tape.RmsNorm(x_TC, _norm, _configuration.NormEpsilon);
            var up_TM = _up.Forward(tape, h_TC);
            up_TM = _gate is null ? tape.Apply(up_TM, PointwiseFunction.Relu) : tape.Multiply(tape.Apply(_gate.Forward(tape, h_TC), PointwiseFunction.GeluTanh), up_TM);
            return _down.ForwardResidual(tape, up_TM, x_TC, dropout);
        }
    }

    private sealed class AttentionPart(LanguageModel model, string prefix, string name)
    {
        public Tensor Norm { get; } = model.Parameters[prefix + "layer_norm.weight"].Tensor;

        public Projection Query { get; } = model.Project(prefix + name + "q");

        public Projection Key { get; } = model.Project(prefix + name + "k");

        public Projection Value { get; } = model.Project(prefix + name + "v");

        public Projection Output { get; } = model.Project(prefix + name + "o");
    }
}
