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
    private VirtualTokens? _virtual;
    private IReadOnlySet<int>? _bidirectionalLayers;
    private SideNetwork? _side;

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

    /// <summary>What stands in front of every text, or null. Changed between steps only, and never while a cache holds texts that were begun with others.</summary>
    /// <exception cref="CoppiceException">The model reads one text and writes another (exit code 2).</exception>
    public VirtualTokens? Virtual
    {
        get => _virtual;
        set
        {
            if (value is not null && Configuration.IsEncoderDecoder) throw CoppiceException.Usage($"a {Configuration.ModelType} model takes no prompts or prefixes: they stand in front of one text, and it has two");
            _virtual = value;
        }
    }

    /// <summary>The longest text: the positions that no virtual token takes.</summary>
    public int MaxTokens => Configuration.MaxPositions - (_virtual?.Count ?? 0);

    /// <summary>Columns of the table of embeddings.</summary>
    public int EmbeddingColumns => Quantized is { } quantized && quantized.Contains(Configuration.Tables.Embedding) ? quantized[Configuration.Tables.Embedding].Columns : Parameters[Configuration.Tables.Embedding].Shape.Columns;

    /// <summary>The matrix [vocabulary, hidden] of the tokens' embeddings.</summary>
    /// <exception cref="CoppiceException">The model is quantised.</exception>
    public Parameter Embedding => Table(Configuration.Tables.Embedding);

    /// <summary>The matrix [vocabulary, hidden] from hidden states to logits; the embeddings' own where they are tied.</summary>
    /// <exception cref="CoppiceException">The model is quantised.</exception>
    public Parameter Head => Table(Configuration.Tables.Head);

    /// <summary>What is added to the logits [vocabulary]; null where the head has no bias.</summary>
    public virtual Parameter? HeadBias => null;

    /// <summary>
    /// A network beside the model, which makes the hidden states that the head gets; null for none. Set between steps only, and before a cache is made.
    /// </summary>
    /// <exception cref="CoppiceException">The model is an encoder-decoder (exit code 2).</exception>
    public SideNetwork? Side
    {
        get => _side;
        set
        {
            if (value is not null && Configuration.IsEncoderDecoder) throw CoppiceException.Usage($"a {Configuration.ModelType} model has two stacks of blocks: a side network reads one");
            _side = value;
        }
    }

    /// <summary>
    /// Layers of a decoder whose attention sees a document in both directions, for tasks that read a text; null for none. Such a model can't continue a text. Set
    /// between steps only.
    /// </summary>
    /// <exception cref="CoppiceException">The model is no decoder, or one whose attention has a window (exit code 2).</exception>
    public IReadOnlySet<int>? BidirectionalLayers
    {
        get => _bidirectionalLayers;
        set
        {
            if (value is { Count: > 0 }) RequireUnmaskable();
            _bidirectionalLayers = value is { Count: > 0 } ? value : null;
        }
    }

    /// <summary>The hidden states of tokens after the last norm.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens; of an encoder-decoder texts, or pairs of them (see <see cref="ModelInput.Source"/>).</param>
    /// <returns>[tokens, hidden].</returns>
    public Tensor Hidden(Tape tape, ModelInput input) => OfTokens(tape, input, HiddenRows(tape, input));

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
        if (_bidirectionalLayers is not null) throw CoppiceException.Usage($"attention of some layers of the {Configuration.ModelType} model sees a text in both directions (a task's adapter is on): it can't {what}");
        if (Configuration.IsCausal) return;
        var kind = Configuration.IsEncoderDecoder ? "reads a text whole and writes another one for it" : "is an encoder, which sees a text in both directions";
        throw CoppiceException.Usage($"a {Configuration.ModelType} model {kind}: it can't {what}");
    }

    /// <summary>Refuses a model whose attention has no causal mask that could be removed.</summary>
    /// <exception cref="CoppiceException">The model is no decoder, or one whose attention has a window (exit code 2).</exception>
    public void RequireUnmaskable()
    {
        if (!Configuration.IsCausal) throw CoppiceException.Usage($"a {Configuration.ModelType} model has an encoder, which sees a text in both directions already");
        if (HasWindow) throw CoppiceException.Usage($"attention of this {Configuration.ModelType} model sees a window of the text (sliding_window): its causal mask can't be removed");
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
        if (_side is not null) throw CoppiceException.Usage("a network is beside the model (a side-tuned adapter is on): it has to keep the whole text");
        return new KeyValueCache(Backend, Configuration.Layers, capacity, Configuration.KeyValueHeads * Configuration.HeadSize, turnsOnRead: true, rowsAhead: _virtual?.Count ?? 0);
    }

    /// <summary>A cache of keys and values.</summary>
    /// <param name="capacity">The longest sequence; 0 for the model's longest.</param>
    /// <param name="slots">The most sequences at a time.</param>
    public KeyValueCache CreateCache(int capacity = 0, int slots = 1)
    {
        RequireCausal("continue a text");
        if (capacity <= 0 || capacity > MaxTokens) capacity = MaxTokens;
        return new KeyValueCache(Backend, Configuration.Layers, capacity, Configuration.KeyValueHeads * Configuration.HeadSize, slots, rowsAhead: _virtual?.Count ?? 0, sideLayers: _side?.Layers ?? 0, sideWidth: _side?.CacheWidth ?? 0);
    }

    /// <summary>The rows of tokens in the table of embeddings, however it is held.</summary>
    /// <param name="tokens">Token ids.</param>
    /// <returns>[tokens, <see cref="EmbeddingColumns"/>].</returns>
    /// <exception cref="CoppiceException">A token is outside the vocabulary.</exception>
    public float[] EmbeddingsOf(ReadOnlySpan<int> tokens)
    {
        using var tape = new Tape(Backend) { Recording = false };
        return Lookup(tape, new ModelInput(this).Targets(tape, tokens)).ToArray();
    }

    /// <summary>The embeddings of tokens, and what stands in front of texts that begin.</summary>
    /// <returns>[rows, columns of the table].</returns>
    internal Tensor Embed(Tape tape, ModelInput input)
    {
        var tokens = Lookup(tape, input.Tokens);
        if (_virtual is null) return tokens;
        _virtual.Rows = input.VirtualRows;
        return input.VirtualRows is { } rows ? rows.Insert(tape, tokens, _virtual.Embed(tape)) : tokens;
    }

    private Tensor Lookup(Tape tape, IntTensor tokens) =>
        Quantized is { } quantized ? tape.Embedding(tokens, quantized[Configuration.Tables.Embedding]) : tape.Embedding(tokens, Embedding.Tensor);

    /// <summary>Runs blocks one after the other, and shows a side network what goes into the first and what comes out of each.</summary>
    internal static Tensor RunBlocks<TBlock>(Tape tape, ModelInput input, TBlock[] blocks, Tensor x_TC, SideNetwork? side)
        where TBlock : IBlock
    {
        side?.Begin(tape, input, x_TC);
        for (var layer = 0; layer < blocks.Length; layer++)
        {
            x_TC = tape.Run(blocks[layer], x_TC);
            side?.Follow(tape, input, layer, x_TC);
        }

        return x_TC;
    }

    /// <summary>The hidden states that the head gets: a side network has the last word.</summary>
    internal Tensor Joined(Tape tape, Tensor hidden) => _side?.End(tape, hidden) ?? hidden;

    /// <summary>Whether a token sees only itself and what comes before it in a layer.</summary>
    internal bool IsCausal(int layer) => _bidirectionalLayers?.Contains(layer) != true;

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

    /// <summary>The hidden states of all rows, virtual ones included.</summary>
    /// <returns>[rows, hidden].</returns>
    private protected abstract Tensor HiddenRows(Tape tape, ModelInput input);

    /// <summary>Leaves virtual rows out.</summary>
    /// <returns>[tokens, columns].</returns>
    private protected static Tensor OfTokens(Tape tape, ModelInput input, Tensor rows) => input.VirtualRows is { } virtualRows ? virtualRows.Remove(tape, rows) : rows;

    /// <summary>Gives back what an architecture holds beside its parameters.</summary>
    private protected virtual void Release()
    {
    }

    /// <summary>Whether attention sees a window of the text alone.</summary>
    private protected virtual bool HasWindow => false;

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
