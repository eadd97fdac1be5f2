using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// A transformer that predicts tokens: a decoder the next one, an encoder those that were hidden in a text, an encoder-decoder a text for another.
/// Parameters under Hugging Face's names, and the arithmetic from tokens to hidden states and from there to logits.
/// </summary>
public abstract class LanguageModel : IDisposable
{
    private readonly List<ProjectionSlot> _projections = [];

    private protected LanguageModel(ModelConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
    {
        (Configuration, Quantized) = (configuration, quantized);
        var plan = configuration.Plan().Where(p => quantized?.Contains(p.Name) != true);
        Parameters = new ParameterSet(backend, [.. plan.Select(p => new ParameterSpecification(p.Name, p.Shape))], trainable);
    }

    /// <summary>Its sizes.</summary>
    public ModelConfiguration Configuration { get; }

    /// <summary>Its parameters; where it is quantised, those that are float32 all the same.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Its quantised matrices; null where all are float32.</summary>
    public QuantizedParameters? Quantized { get; }

    /// <summary>The places of its projections, from the first layer to the last. The head that predicts tokens is none of them.</summary>
    public IReadOnlyList<ProjectionSlot> Projections => _projections;

    /// <summary>What computes.</summary>
    public Backend Backend => Parameters.Backend;

    /// <summary>The matrix [vocabulary, hidden] of the tokens' embeddings.</summary>
    /// <exception cref="CoppiceException">The model is quantised.</exception>
    public Parameter Embedding => Table(Configuration.Tables.Embedding);

    /// <summary>The matrix [vocabulary, hidden] from hidden states to logits; the embeddings' own where they are tied.</summary>
    /// <exception cref="CoppiceException">The model is quantised.</exception>
    public Parameter Head => Table(Configuration.Tables.Head);

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
    public Tensor Logits(Tape tape, Tensor hidden) => HeadLogits(tape, Predictor(tape, hidden));

    /// <summary>The loss of what hidden states predict; see <see cref="CrossEntropyOperations"/>.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <param name="targets">[rows].</param>
    /// <param name="weights">[rows].</param>
    /// <param name="options">Scale, smoothing, z-loss.</param>
    /// <param name="negativeLogLikelihoods">Null, or [rows] that receives -log p(target).</param>
    /// <returns>[1].</returns>
    public Tensor CrossEntropy(Tape tape, Tensor hidden, IntTensor targets, Tensor weights, in CrossEntropyOptions options, Tensor? negativeLogLikelihoods = null) =>
        Quantized is { } quantized
            ? tape.HeadCrossEntropy(Predictor(tape, hidden), quantized[Configuration.Tables.Head], targets, weights, options, negativeLogLikelihoods, HeadBias?.Tensor)
            : tape.HeadCrossEntropy(Predictor(tape, hidden), Head.Tensor, targets, weights, options, negativeLogLikelihoods, HeadBias?.Tensor);

    /// <summary>Refuses a model with an encoder where the next token of a text has to be predicted.</summary>
    /// <param name="what">What needs it, to complete "an encoder can't …".</param>
    /// <exception cref="CoppiceException">The model has an encoder (exit code 2).</exception>
    public void RequireCausal(string what)
    {
        if (Configuration.IsCausal) return;
        var kind = Configuration.IsEncoderDecoder ? "reads a text whole and writes another one for it" : "is an encoder, which sees a text in both directions";
        throw CoppiceException.Usage($"a {Configuration.ModelType} model {kind}: it can't {what}");
    }

    /// <summary>Refuses a quantised model where its exact weights are needed.</summary>
    /// <param name="what">What needs them, to complete "it can't be …".</param>
    /// <exception cref="CoppiceException">The model is quantised (exit code 2).</exception>
    public void RequireExactWeights(string what)
    {
        if (Quantized is { } quantized)
            throw CoppiceException.Usage($"the model's weights are quantised ({quantized.Quantization.ToString().ToLowerInvariant()}), which is for running it: it can't be {what}; open it without quantisation");
    }

    /// <summary>Gives all parameters their initial values.</summary>
    /// <param name="seed">Decides the random ones.</param>
    public void Initialize(ulong seed)
    {
        foreach (var plan in Configuration.Plan()) plan.Initial.Fill(Parameters[plan.Name], seed);
    }

    /// <summary>A cache of one sequence of which tokens can be forgotten (<see cref="KeyValueCache.Forget"/>); what stays has its place among the kept as its position.</summary>
    /// <param name="capacity">Tokens that it has room for. Those that are kept at a time are at most the model's positions.</param>
    /// <exception cref="CoppiceException">The model is an encoder (exit code 2).</exception>
    public KeyValueCache CreateForgettingCache(int capacity)
    {
        RequireCausal("continue a text");
        return new KeyValueCache(Backend, Configuration.Layers, capacity, Configuration.KeyValueHeads * Configuration.HeadSize, turnsOnRead: true);
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

    /// <summary>The embeddings of tokens.</summary>
    /// <returns>[tokens, columns of the table].</returns>
    internal Tensor Embed(Tape tape, IntTensor tokens) =>
        Quantized is { } quantized ? tape.Embedding(tokens, quantized[Configuration.Tables.Embedding]) : tape.Embedding(tokens, Embedding.Tensor);

    /// <summary>A place for a projection, which is listed, and in it the projection however its weight is held.</summary>
    /// <param name="name">The name of the parameter without <c>.weight</c>.</param>
    internal Projection Project(string name)
    {
        var weight = name + ".weight";
        Projection own = Quantized?.Contains(weight) == true
            ? new QuantizedProjection(name, Quantized[weight], Parameters.TryGet(name + ".bias", out var bias) ? bias.Tensor : null)
            : new DenseProjection(Parameters, name, Configuration.LayoutOf(weight));
        var slot = new ProjectionSlot(own);
        _projections.Add(slot);
        return slot;
    }

    /// <summary>Gives back what an architecture holds beside its parameters.</summary>
    private protected virtual void Release()
    {
    }

    /// <summary>The product with the head.</summary>
    /// <returns>[rows, vocabulary].</returns>
    private protected Tensor HeadLogits(Tape tape, Tensor predicted) => Quantized is { } quantized
        ? tape.Linear(predicted, quantized[Configuration.Tables.Head], HeadBias?.Tensor)
        : tape.Linear(predicted, Head.Tensor, HeadBias?.Tensor);

    /// <summary>The table of the embeddings or of the head as float32.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <exception cref="CoppiceException">The model is quantised.</exception>
    private Parameter Table(string name)
    {
        RequireExactWeights("changed or written");
        return Parameters[name];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        Quantized?.Dispose();
        Release();
        GC.SuppressFinalize(this);
    }
}
