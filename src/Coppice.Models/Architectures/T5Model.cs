using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>T5: an encoder reads a text, a decoder writes another that fits it. Shapes: T tokens, S source tokens, C hidden size.</summary>
[Technique("t5", Title = "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", Paper = "arXiv:1910.10683")]
public sealed class T5Model : LanguageModel
{
    private readonly T5Configuration _configuration;
    private readonly T5Stack _encoder;
    private readonly T5Stack _decoder;

    internal T5Model(T5Configuration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _encoder = new T5Stack(this, configuration, "encoder", configuration.Layers, decodes: false);
        _decoder = new T5Stack(this, configuration, "decoder", configuration.DecoderLayers, decodes: true);
    }

    // Of texts that are read the encoder's, of those that are written for them the decoder's. An input without pairs is only read.
    private protected override Tensor HiddenRows(Tape tape, ModelInput input)
    {
        if (input.Source is not { } source) return Read(tape, input);
        var (target, states_SC) = (input.Target!, Read(tape, source));
        var layout = new AttentionLayout(target.Layout.Documents, target.Layout.QueryOffsets, source.Layout.KeyOffsets, source.Layout.KeyLengths);
        return tape.ConcatenateRows(states_SC, Write(tape, target, new T5Source(layout, states_SC, null)));
    }

    /// <summary>The same; a head that is tied to the embeddings, which are large, gets smaller states.</summary>
    /// <inheritdoc/>
    public override Tensor Predictor(Tape tape, Tensor hidden) =>
        _configuration.TieEmbeddings ? tape.Scale(hidden, (float)(1 / Math.Sqrt(_configuration.HiddenSize))) : hidden;

    /// <summary>Reads a text to write for it token by token: what the decoder looks at in it, for every layer.</summary>
    /// <param name="tape">Holds results on the way.</param>
    /// <param name="source">One text.</param>
    /// <returns>Keys and values of the text's tokens; to be disposed.</returns>
    public KeyValueCache ReadSource(Tape tape, ModelInput source)
    {
        var cache = NewCache(source.Count);
        _decoder.Write(tape, Read(tape, source), cache);
        return cache;
    }

    /// <summary>A cache of keys and values of the text that the decoder writes.</summary>
    /// <param name="capacity">The longest text.</param>
    public KeyValueCache NewCache(int capacity) => new(Backend, _configuration.DecoderLayers, capacity, _configuration.Heads * _configuration.HeadSize);

    /// <summary>The decoder's hidden states of the next tokens of a text that is written.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens, with the cache of those before them.</param>
    /// <param name="source">The text that was read (<see cref="ReadSource"/>).</param>
    /// <returns>[tokens, hidden].</returns>
    public Tensor Continue(Tape tape, ModelInput input, KeyValueCache source)
    {
        var layout = new AttentionLayout(1, input.Layout.QueryOffsets, tape.Integers([source.RowOf(0)]), tape.Integers([source.Length]));
        return Write(tape, input, new T5Source(layout, null, source));
    }

    private Tensor Read(Tape tape, ModelInput input) => _encoder.Forward(tape, EmbedDropped(tape, input), input);

    private Tensor Write(Tape tape, ModelInput input, T5Source source) => _decoder.Forward(tape, EmbedDropped(tape, input), input, source);

    private Tensor EmbedDropped(Tape tape, ModelInput input) => tape.Dropout(Embed(tape, input), _configuration.Dropout, input.Training);
}
