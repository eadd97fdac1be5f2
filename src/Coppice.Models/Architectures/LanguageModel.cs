using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// A transformer that predicts tokens: a decoder the next one, an encoder those that were hidden in a text, an encoder-decoder a text for another. Parameters under Hugging Face's names, and
/// the arithmetic from tokens to hidden states and from there to logits.
/// </summary>
public abstract class LanguageModel : IDisposable
{
    private protected LanguageModel(ModelConfiguration configuration, Backend backend, bool trainable)
    {
        Configuration = configuration;
        var plan = configuration.Plan();
        Parameters = new ParameterSet(backend, [.. plan.Select(p => new ParameterSpecification(p.Name, p.Shape))], trainable);
    }

    /// <summary>Its sizes.</summary>
    public ModelConfiguration Configuration { get; }

    /// <summary>Its parameters.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>What computes.</summary>
    public Backend Backend => Parameters.Backend;

    /// <summary>The matrix [vocabulary, hidden] of the tokens' embeddings.</summary>
    public abstract Parameter Embedding { get; }

    /// <summary>The matrix [vocabulary, hidden] from hidden states to logits; the embeddings' own where they are tied.</summary>
    public abstract Parameter Head { get; }

    /// <summary>What is added to the logits [vocabulary]; null where the head has no bias.</summary>
    public virtual Parameter? HeadBias => null;

    /// <summary>The hidden states after the last norm.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens.</param>
    /// <returns>[tokens, hidden].</returns>
    public abstract Tensor Hidden(Tape tape, ModelInput input);

    /// <summary>What the head multiplies, from hidden states: the same in decoders, a transform of them in encoders.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <returns>[rows, columns of the head].</returns>
    /// <exception cref="CoppiceException">The model has no head that predicts tokens.</exception>
    public virtual Tensor Predictor(Tape tape, Tensor hidden) => hidden;

    /// <summary>Logits of hidden states: all at once, for few rows. Training and evaluation go through <see cref="CrossEntropy"/>.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <returns>[rows, vocabulary].</returns>
    public Tensor Logits(Tape tape, Tensor hidden) => tape.Linear(Predictor(tape, hidden), Head.Tensor, HeadBias?.Tensor);

    /// <summary>The loss of what hidden states predict; see <see cref="CrossEntropyOperations.HeadCrossEntropy"/>.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <param name="targets">[rows].</param>
    /// <param name="weights">[rows].</param>
    /// <param name="options">Scale, smoothing, z-loss.</param>
    /// <param name="negativeLogLikelihoods">Null, or [rows] that receives -log p(target).</param>
    /// <returns>[1].</returns>
    public Tensor CrossEntropy(Tape tape, Tensor hidden, IntTensor targets, Tensor weights, in CrossEntropyOptions options, Tensor? negativeLogLikelihoods = null) =>
        tape.HeadCrossEntropy(Predictor(tape, hidden), Head.Tensor, targets, weights, options, negativeLogLikelihoods, HeadBias?.Tensor);

    /// <summary>Refuses a model with an encoder where the next token of a text has to be predicted.</summary>
    /// <param name="what">What needs it, to complete "an encoder can't …".</param>
    /// <exception cref="CoppiceException">The model has an encoder (exit code 2).</exception>
    public void RequireCausal(string what)
    {
        if (Configuration.IsCausal) return;
        var kind = Configuration.IsEncoderDecoder ? "reads a text whole and writes another one for it" : "is an encoder, which sees a text in both directions";
        throw CoppiceException.Usage($"a {Configuration.ModelType} model {kind}: it can't {what}");
    }

    /// <summary>Gives all parameters their initial values.</summary>
    /// <param name="seed">Decides the random ones.</param>
    public void Initialize(ulong seed)
    {
        foreach (var plan in Configuration.Plan()) plan.Initial.Fill(Parameters[plan.Name], seed);
    }

    /// <summary>A cache of keys and values.</summary>
    /// <param name="capacity">The longest sequence; 0 for the model's longest.</param>
    /// <param name="slots">The most sequences at a time.</param>
    public KeyValueCache CreateCache(int capacity = 0, int slots = 1)
    {
        RequireCausal("continue a text");
        if (capacity <= 0 || capacity > Configuration.MaxPositions) capacity = Configuration.MaxPositions;
        return new KeyValueCache(Backend, Configuration.Layers, capacity, Configuration.KeyValueHeads * Configuration.HeadSize, slots);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        GC.SuppressFinalize(this);
    }
}
