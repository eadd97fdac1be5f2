using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A decoder that predicts the next token: parameters under Hugging Face's names, and the arithmetic from tokens to hidden states.</summary>
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

    /// <summary>The hidden states after the last norm.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens.</param>
    /// <returns>[tokens, hidden].</returns>
    public abstract Tensor Hidden(Tape tape, ModelInput input);

    /// <summary>Logits of hidden states: all at once, for few rows. Training and evaluation go through <see cref="CrossEntropyOperations.HeadCrossEntropy"/>.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <returns>[rows, vocabulary].</returns>
    public Tensor Logits(Tape tape, Tensor hidden) => tape.Linear(hidden, Head.Tensor);

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
