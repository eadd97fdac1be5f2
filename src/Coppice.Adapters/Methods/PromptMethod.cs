using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What a prompt or prefix begins as.</summary>
public enum PromptInitialization
{
    /// <summary>Normally distributed, as far apart as embeddings are.</summary>
    Random,

    /// <summary>Tokens of the vocabulary that are drawn.</summary>
    Vocabulary,

    /// <summary>The tokens of a text, repeated or cut to the length.</summary>
    Text,
}

/// <summary>Of methods that put virtual tokens in front of every text.</summary>
public sealed record PromptSettings
{
    /// <summary>How many virtual tokens.</summary>
    public int Tokens { get; init; } = 20;

    /// <summary>What they begin as; null for what is usual with the method.</summary>
    public PromptInitialization? Initialization { get; init; }

    /// <summary>Of <see cref="PromptInitialization.Text"/>: the text's tokens.</summary>
    public IReadOnlyList<int> InitialTokens { get; init; } = [];

    /// <summary>Width of the network that computes them while they are trained; 0 for none, null for what is usual with the method. Only what it computes is kept.</summary>
    public int? EncoderWidth { get; init; }

    /// <summary>Of SPARC: the dimensions of the subspace.</summary>
    public int Dimensions { get; init; } = 16;
}

/// <summary>Methods that put virtual tokens in front of every text and leave the model as it is.</summary>
public abstract class PromptMethod : AdapterMethod
{
    /// <summary>The tensor that PEFT's files hold.</summary>
    internal const string Table = "prompt_embeddings";

    /// <summary>False: nothing happens to weights.</summary>
    public sealed override bool IsMergeable => false;

    /// <summary>0: no projection has parameters of its own.</summary>
    /// <inheritdoc/>
    public sealed override long CountOf(TargetModule target) => 0;

    internal sealed override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        if (settings.Targets is not null || settings.Exclude is not null || settings.Layers.Count > 0 || settings.Bias != BiasTraining.None)
            throw CoppiceException.Usage($"'{Name}' stands in front of the text: it has no target modules, layers or biases to choose");
        if (model.Configuration.IsEncoderDecoder) throw CoppiceException.Usage($"'{Name}' stands in front of one text, and a {model.Configuration.ModelType} model has two");
        var tokens = Of(settings).Tokens;
        if (tokens < 1 || tokens >= model.Configuration.MaxPositions) throw CoppiceException.Usage($"{tokens} virtual tokens: at least 1, and fewer than the model's {model.Configuration.MaxPositions} positions, so that there is room for a text");
        if (Of(settings).EncoderWidth < 0) throw CoppiceException.Usage($"a width of {Of(settings).EncoderWidth} for the network of '{Name}': 1 is the least, and 0 means none");
        return [];
    }

    internal sealed override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [];

    internal sealed override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => throw new InvalidOperationException($"'{Name}' has no targets.");

    private protected static PromptSettings Of(AdapterSettings settings) => settings.Prompt ?? new PromptSettings();

    /// <summary>The ids of as many tokens as there are virtual ones: of the given text, or drawn.</summary>
    private protected int[] InitialTokens(AdapterParts parts, PromptInitialization initialization, ulong seed)
    {
        var (settings, vocabulary) = (Of(parts.Settings), parts.Model.Configuration.VocabularySize);
        if (initialization == PromptInitialization.Vocabulary)
        {
            var random = Initial.RandomOf(Name + ".vocabulary", seed);
            return [.. Enumerable.Range(0, settings.Tokens).Select(i => random.Integer((ulong)i, vocabulary))];
        }

        var given = settings.InitialTokens;
        if (given.Count == 0) throw CoppiceException.Usage($"'{Name}' is to begin as a text, and there is none");
        if (given.FirstOrDefault(token => token < 0 || token >= vocabulary, -1) is var stranger && given.Any(token => token < 0 || token >= vocabulary))
            throw CoppiceException.Usage($"'{Name}' is to begin as a text with the token {stranger}, which the model's vocabulary of {vocabulary} does not have");
        return [.. Enumerable.Range(0, settings.Tokens).Select(i => given[i % given.Count])];
    }

    /// <summary>Embeddings to begin with: [tokens, columns].</summary>
    private protected float[] InitialEmbeddings(AdapterParts parts, PromptInitialization initialization, ulong seed)
    {
        if (initialization != PromptInitialization.Random) return parts.Model.EmbeddingsOf(InitialTokens(parts, initialization, seed));
        var values = new float[Of(parts.Settings).Tokens * parts.Model.EmbeddingColumns];
        var (random, deviation) = (Initial.RandomOf(Name + "." + Table, seed), Deviation(parts.Model));
        for (var i = 0; i < values.Length; i++) values[i] = (float)(deviation * random.Normal((ulong)i));
        return values;
    }

    /// <summary>How far embeddings are from 0: the root of their mean square.</summary>
    private protected static double Deviation(LanguageModel model)
    {
        const int Piece = 1024;
        var (sum, vocabulary) = (0.0, model.Configuration.VocabularySize);
        for (var first = 0; first < vocabulary; first += Piece)
        {
            foreach (var value in model.EmbeddingsOf([.. Enumerable.Range(first, Math.Min(Piece, vocabulary - first))])) sum += (double)value * value;
        }

        return Math.Sqrt(sum / ((double)vocabulary * model.EmbeddingColumns));
    }

    /// <summary>The parameters of a linear layer of a network that computes virtual tokens.</summary>
    private protected static IEnumerable<ParameterSpecification> LinearLayer(string name, int inputs, int outputs) =>
        [new(name + ".weight", new Shape(outputs, inputs)), new(name + ".bias", new Shape(outputs))];

    /// <summary>Evenly distributed within 1 / √inputs, weight and bias.</summary>
    private protected static void InitializeLinear(ParameterSet parameters, string name, ulong seed)
    {
        var bound = 1 / Math.Sqrt(parameters[name + ".weight"].Shape.Columns);
        FillUniform(parameters[name + ".weight"], bound, seed);
        FillUniform(parameters[name + ".bias"], bound, seed);
    }

    private protected static Tensor Linear(Tape tape, ParameterSet parameters, string name, Tensor x) => tape.Linear(x, parameters[name + ".weight"].Tensor, parameters[name + ".bias"].Tensor);

    /// <summary>The contents with what the network computes in place of the network, where there is one.</summary>
    private protected static AdapterContents Computed(AdapterParts parts, AdapterContents everything, Func<Tape, Tensor> compute)
    {
        if (parts.Trained.TryGet(Table, out _)) return everything;
        using var tape = new Tape(parts.Model.Backend) { Recording = false };
        var table = compute(tape);
        var copies = everything.Tensors.Where(tensor => parts.Model.Parameters.TryGet(tensor.Name, out _));
        return new AdapterContents(everything.Settings with { Prompt = Of(everything.Settings) with { EncoderWidth = 0 } }, [new AdapterTensor(Table, table.Shape, table.ToArray()), .. copies]);
    }
}
